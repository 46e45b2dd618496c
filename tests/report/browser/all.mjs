// Runs the tests of this folder: node all.mjs FOLDER CHROMIUM [TEST]
import { start } from "./page.mjs";
import * as compareTests from "./compare.mjs";
import * as hostileTests from "./hostile.mjs";
import * as runTests from "./run.mjs";
import * as sweepTests from "./sweep.mjs";

const [folder, chromium, only] = process.argv.slice(2);
const browser = await start(chromium);
let failed = 0;
for (const [name, test] of [runTests, compareTests, sweepTests, hostileTests].flatMap((module) =>
  Object.entries(module),
)) {
  if (only !== undefined && name !== only) continue;
  const begin = Date.now();
  try {
    await test(browser, folder);
    console.log(`ok     ${name} (${Date.now() - begin} ms)`);
  } catch (error) {
    ++failed;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}
await browser.close();
process.exit(failed === 0 ? 0 : 1);
