// The page of one run: ResNet50 on 4x4.
import assert from "node:assert/strict";
import fs from "node:fs";
import { assertQuiet, flatten, misplaced, open, rows, settled, show, views } from "./page.mjs";

const read = (folder, name) => JSON.parse(fs.readFileSync(`${folder}/${name}`, "utf8"));

/** Numbers of the result that the page does not show as they are. */
async function wrongNumbers(page, result) {
  await show(page, "summary");
  const shown = new Map((await rows(page, "numbers")).map((row) => [row.number, row]));
  const wrong = [];
  for (const density of ["dense", "sparse"])
    for (const [key, value] of flatten(result[density]))
      if (Number(shown.get(key)?.[density]) !== value)
        wrong.push(`${density} ${key}: ${shown.get(key)?.[density]}, not ${value}`);
  if (wrong.length === 0) assert.ok(shown.size > 20, "hardly any number is shown");
  return wrong;
}

export async function numbersAreThoseOfTheResult(browser, folder) {
  const result = read(folder, "resnet50.json");
  const page = await open(browser, `${folder}/resnet50.html`);
  assert.deepEqual(await wrongNumbers(page, result), []);
  await show(page, "layers");
  await page.click('button:text-is("Everything")');
  for (const density of ["dense", "sparse"]) {
    await page.click(`.ask button:text-is("${density}")`);
    const shown = new Map((await rows(page, "layers")).map((row) => [row.layer, row]));
    assert.equal(shown.size, result[density].layers.length);
    for (const layer of result[density].layers)
      for (const [key, value] of flatten(layer)) {
        const cell = shown.get(layer.name)[key.replace("time.", "")];
        assert.equal(cell === undefined && value === 0 ? 0 : Number(cell), value, `${density} ${layer.name} ${key}`);
      }
  }
  assertQuiet(page, "numbers");
  await page.close();
}

export async function aWrongNumberIsNoticed(browser, folder) {
  const result = read(folder, "resnet50.json");
  result.sparse.latency_us *= 1.001;
  const page = await open(browser, `${folder}/resnet50.html`);
  assert.equal((await wrongNumbers(page, result)).length, 1);
  await page.close();
}

export async function everyViewIsInOrder(browser, folder) {
  for (const [width, height] of [
    [1280, 900],
    [390, 844],
  ])
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(browser, `${folder}/resnet50.html`, { width, height }, { colorScheme });
      assert.deepEqual(await views(page), ["summary", "timeline", "layers", "roofline", "network", "masks", "memory"]);
      for (const view of await views(page)) {
        await show(page, view);
        await page.screenshot({ path: `${folder}/${view}_${width}_${colorScheme}.png` });
        if (colorScheme === "light") assert.deepEqual(await misplaced(page), [], `${view} at ${width}`);
      }
      assertQuiet(page, `views at ${width}`);
      await page.close();
    }
}

const picture = (page) => page.$eval(".pane canvas", (canvas) => canvas.toDataURL());
const axis = (page) => page.$eval(".pane canvas", (canvas) => canvas.dataset.view.split(" ").map(Number));

export async function timelineZoomsAndMoves(browser, folder) {
  const page = await open(browser, `${folder}/resnet50.html`);
  await show(page, "timeline");
  const [whole, wide] = [await picture(page), await axis(page)];
  await page.click('button[aria-label="Zoom in"]');
  await settled(page);
  const near = await axis(page);
  assert.ok(Math.abs((near[1] - near[0]) / (wide[1] - wide[0]) - 0.5) < 1e-6, "a step halves what is seen");
  assert.notEqual(await picture(page), whole, "the picture follows");
  await page.focus(".timeline");
  await page.keyboard.press("ArrowRight");
  const moved = await axis(page);
  assert.ok(Math.abs(moved[0] - near[0] - 0.2 * (near[1] - near[0])) < 1e-6, "an arrow moves by a fifth");
  const box = await page.locator(".pane canvas").boundingBox();
  await page.mouse.move(box.x + 600, box.y + 100);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -200);
  await page.keyboard.up("Control");
  await settled(page);
  const wheeled = await axis(page);
  assert.ok(wheeled[1] - wheeled[0] < 0.5 * (moved[1] - moved[0]), "the wheel zooms");
  await page.click('button:text-is("Fit")');
  await settled(page);
  assert.deepEqual(await axis(page), wide);
  assert.equal(await picture(page), whole, "the same picture again");
  assertQuiet(page, "timeline");
  await page.close();
}

export async function searchFindsTheSlicesOfTheTrace(browser, folder) {
  const events = read(folder, "resnet50.trace").traceEvents;
  const sparse = events.find((e) => e.name === "process_name" && e.args.name === "sparse").pid; // what is shown first
  const slices = events.filter((e) => e.ph === "X" && e.pid === sparse && e.cat !== "wait");
  const page = await open(browser, `${folder}/resnet50.html`);
  await show(page, "timeline");
  for (const box of await page.$$('.timeline input[type="checkbox"]')) if (!(await box.isChecked())) await box.click();
  const name = slices.filter((e) => e.cat !== "layer").map((e) => e.name)[1000];
  await page.fill('input[type="search"]', name);
  await settled(page);
  const found = (await page.textContent(".matches")).replace(/,/g, "").match(/^\d+/)[0];
  const expected = slices.filter((e) => e.name.includes(name)).length;
  assert.equal(Number(found), expected, name);
  await page.press('input[type="search"]', "Enter");
  await settled(page);
  assert.match(await page.textContent(".pane .status"), new RegExp(name));
  await page.close();
}

export async function drawingIsFluent(browser, folder) {
  const page = await open(browser, `${folder}/resnet50.html`);
  await show(page, "timeline");
  for (const box of await page.$$('.timeline input[type="checkbox"]')) if (!(await box.isChecked())) await box.click();
  // Frames of the whole timeline, the costliest picture.
  const frame = await page.evaluate(async () => {
    const times = [];
    for (let i = 0; i < 12; ++i) {
      // What is asked for before and after the picture runs before and after it in the same frame.
      let begin;
      requestAnimationFrame(() => (begin = performance.now()));
      document.dispatchEvent(new Event("tessera-theme"));
      times.push(await new Promise((done) => requestAnimationFrame(() => done(performance.now() - begin))));
    }
    return Math.min(...times); // of a machine that may be busy with other things
  });
  console.log(`       a frame of the whole timeline: ${frame.toFixed(1)} ms`);
  await page.close();
}

export async function smallAndSoonThere(browser, folder) {
  const size = fs.statSync(`${folder}/resnet50.html`).size;
  assert.ok(size <= 8e6, `${size} bytes`);
  const times = [];
  for (let i = 0; i < 3; ++i) {
    const page = await browser.newPage();
    const begin = Date.now();
    await page.goto(`file://${folder}/resnet50.html#timeline`);
    await page.click('button[aria-label="Zoom in"]');
    await page.waitForFunction(() => document.querySelector(".pane canvas")?.dataset.view !== undefined);
    times.push(Date.now() - begin);
    await page.close();
  }
  console.log(`       ${(size / 1e6).toFixed(2)} MB, interactive after ${times.join(", ")} ms`);
}

export async function tablesSortCopyAndExplain(browser, folder) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  await page.goto(`file://${folder}/resnet50.html#layers`);
  await page.click('th button:text-is("time sparse, us")');
  const times = (await rows(page, "layers")).map((row) => Number(row["time sparse, us"]));
  assert.deepEqual(
    times,
    [...times].sort((a, b) => b - a),
  );
  assert.ok(times[0] > times[times.length - 1]);
  await page.click('button:text-is("Copy as CSV")');
  await settled(page);
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const lines = copied.trim().split("\n");
  assert.equal(lines.length, times.length + 1);
  assert.ok(lines[0].startsWith("layer,op,"), lines[0]);
  assert.ok(lines[1].includes(String(times[0])), lines[1]);
  await page.hover('th button:text-is("imbalance")');
  await settled(page);
  const said = await page.textContent(".explain");
  assert.match(said, /How unevenly the present blocks fall/);
  await page.keyboard.press("1");
  await page.waitForSelector("#view-summary");
  await page.focus('table[data-table="numbers"] [data-key="bound_us"][data-value]');
  assert.match(await page.textContent(".explain"), /No schedule of the network beats it/);
  await page.keyboard.press("Escape");
  assert.equal(await page.$(".explain"), null);
  await context.close();
}

export async function printingShowsEveryView(browser, folder) {
  const page = await open(browser, `${folder}/resnet50.html`);
  await page.emulateMedia({ media: "print" });
  await page.waitForSelector("#view-memory");
  for (const view of await page.$$eval("main", (all) => all.map((m) => m.id)))
    assert.ok((await page.locator(`#${view}`).boundingBox()).height > 100, view);
  await page.pdf({ path: `${folder}/resnet50.pdf`, format: "A4", landscape: true });
  assertQuiet(page, "print");
  await page.close();
}

export async function aFolderGivesTheSamePageAsItsRun(browser, folder) {
  const result = read(folder, "a_result.json");
  const page = await open(browser, `${folder}/again.html`);
  assert.deepEqual(await wrongNumbers(page, result), []);
  await show(page, "timeline");
  assert.match(await page.textContent(".pane figcaption"), /^sparse: [\d,]+ slices/);
  assertQuiet(page, "again");
  await page.close();
}
