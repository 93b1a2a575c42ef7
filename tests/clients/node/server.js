// Starts the server that all tests of clients share (../server.py) and stops it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../server.py", import.meta.url));

/**
 * Resolves, when the server is ready, to what `Server.describe` in ../server.py tells of it, and `stop`, which
 * rejects unless the server stops as it should.
 */
export async function startServer() {
  const child = spawn("python3", ["-B", SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  if (typeof line !== "string") {
    throw new Error(`the server did not start: python3 ${SCRIPT} ended with ${line}`);
  }
  const stop = async () => {
    child.stdin.end();
    const [code] = await ended;
    if (code !== 0) {
      throw new Error(`the server did not stop as it should: python3 ${SCRIPT} ended with ${code}`);
    }
  };
  return { ...JSON.parse(line), stop };
}
