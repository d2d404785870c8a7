// The cluster that the kit has started for these tests: its nodes are paused, killed and started again.

import { execFile } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const KIT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../services/cassandra/kit.py');
const run = promisify(execFile);

/** `pause`, `resume`, `kill` or `revive` of a node (1 to 3). */
export async function cluster(command, node = 1) {
  const folder = process.env.NATTER_TEST_CQL_DIR;
  if (!folder) throw new Error('NATTER_TEST_CQL_DIR must name the folder that kit.py was started with');
  await run(KIT, [command, String(node), '--dir', folder]);
}
