//! The nearest known word to one that is not known, for "did you mean".

/// The candidate that a reader most likely meant, if one is near enough to be worth naming.
pub(super) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let bound = (word.chars().count() / 3).max(2);
    let (distance, best) = candidates.iter().map(|candidate| (score(word, candidate), *candidate)).min()?;
    if distance > bound {
        return None;
    }
    // Of the two spellings of a time, the one with its unit says more.
    let with_unit = format!("{best}_seconds");
    candidates.iter().find(|candidate| **candidate == with_unit).copied().or(Some(best))
}

/// Edit distance, where a candidate that merely goes on after the word costs one step.
fn score(word: &str, candidate: &str) -> usize {
    let whole = distance(word, candidate);
    let beginning: String = candidate.chars().take(word.chars().count()).collect();
    whole.min(distance(word, &beginning) + 1)
}

fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (j, b) in right.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let cell = (diagonal + usize::from(a != *b)).min(above + 1).min(before + 1);
            if let Some(slot) = row.get_mut(j) {
                *slot = before;
            }
            diagonal = above;
            before = cell;
        }
        if let Some(last) = row.last_mut() {
            *last = before;
        }
    }
    row.last().copied().unwrap_or(0)
}
