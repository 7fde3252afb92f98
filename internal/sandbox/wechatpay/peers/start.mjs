// Starts the things under test as child processes that end with this one.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

// firstLine waits for the first line that matches, or fails with what the child has said.
function firstLine(child, pattern) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (d) => { said += d; });
    child.on('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const m = line.match(pattern);
      if (m) resolve(m[1]);
    });
  });
}

async function child(command, args, pattern) {
  const process_ = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const base = await firstLine(process_, pattern);
  const stop = () => new Promise((resolve) => { process_.removeAllListeners('exit').on('exit', resolve); process_.stdin.end(); });
  return { base, stop };
}

// folder makes a temporary folder with key material, and the sandbox command (SANDBOX_BIN, or built here).
export function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'wechatpay-peer-'));
  let bin = process.env.SANDBOX_BIN;
  if (!bin) {
    bin = join(dir, 'sandbox');
    execFileSync('go', ['build', '-o', bin, '../../../../cmd/sandbox'], { cwd: here, stdio: 'inherit' });
  }
  execFileSync(bin, ['init', dir]);
  return { dir, bin, remove: () => rmSync(dir, { recursive: true }) };
}

export const simulator = ({ dir, bin }, ...flags) => child(bin, ['wechatpay', '--dir', dir, '--exit-with-stdin', ...flags], /on (http:\S+)/);

export const peerServer = ({ dir }, ...flags) => child(process.execPath, [join(here, 'server.mjs'), '--dir', dir, ...flags], /"listening":"([^"]+)"/);
