//! Requests are counted by their route's template, whatever the path.

use axum::http::Request as HttpRequest;
use metrics_exporter_prometheus::PrometheusBuilder;

use super::*;

/// Answers in a recorder of this test alone, which only this thread sees.
fn recorded(answer: impl Future<Output = ()>) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(answer));
    page.render()
}

async fn ask_for_everything() {
    let app = app(&Bench::new());
    for path in ["/things/1", "/things/2", "/things/x", "/nowhere/1", "/nowhere/2", "/me"] {
        send(&app, get_request(path)).await;
    }
    let strange = HttpRequest::builder().method("BREW").uri("/things/1").body(Body::empty()).unwrap();
    send(&app, strange).await;
}

#[test]
fn requests_are_counted_by_template() {
    let text = recorded(ask_for_everything());
    for (labels, count) in [
        (r#"plugin="plain",route="/things/{id}",method="GET",code="200""#, 2),
        (r#"plugin="plain",route="/things/{id}",method="GET",code="404""#, 1),
        (r#"plugin="plain",route="/things/{id}",method="other",code="405""#, 1),
        (r#"plugin="plain",route="unmatched",method="GET",code="404""#, 2),
    ] {
        assert!(text.contains(&format!("natter_http_requests_total{{{labels}}} {count}\n")), "{labels}\n{text}");
    }
    assert!(text.contains("natter_http_request_duration_seconds_count{plugin=\"plain\",route=\"/things/{id}\""));
    assert!(text.contains("natter_auth_failures_total{plugin=\"plain\",reason=\"api_key_missing\"}"));
    assert!(!text.contains("nowhere"));
}
