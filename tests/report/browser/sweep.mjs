// The page of a sweep.
import assert from "node:assert/strict";
import fs from "node:fs";
import { assertQuiet, misplaced, open, rows, settled } from "./page.mjs";

function table(folder) {
  const [header, ...lines] = fs
    .readFileSync(`${folder}/sweep/table.csv`, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  return lines.map((line) => Object.fromEntries(header.map((name, i) => [name, line[i]])));
}

async function shown(page) {
  await settled(page);
  return page.$eval(".count", (e) => Number(e.dataset.shown));
}

export async function filtersOfEveryAxis(browser, folder) {
  const points = table(folder);
  const page = await open(browser, `${folder}/sweep.html`);
  assert.equal(await shown(page), points.length);
  const axes = await page.$$eval("fieldset", (all) => all.map((f) => f.dataset.axis));
  assert.deepEqual(axes.sort(), ["hardware.cols", "hardware.ddr.read_gb_per_s", "sparsity.ratio"]);
  await page.click('fieldset[data-axis="sparsity.ratio"] .values button:has(bdi:text-is("0.75"))');
  assert.equal(await shown(page), points.filter((p) => p["sparsity.ratio"] === "0.75").length);
  await page.click('fieldset[data-axis="hardware.cols"] .values button:has(bdi:text-is("3"))');
  const left = points.filter((p) => p["sparsity.ratio"] === "0.75" && p["hardware.cols"] === "3");
  assert.equal(await shown(page), left.length);
  assert.deepEqual(
    (await rows(page, "points")).map((row) => row.point),
    left.map((p) => p.point),
  );
  await page.click('fieldset[data-axis="sparsity.ratio"] legend button');
  assert.equal(await shown(page), points.filter((p) => p["hardware.cols"] === "3").length);
  assertQuiet(page, "filters");
  await page.close();
}

export async function theFrontIsThatOfTheTable(browser, folder) {
  const points = table(folder);
  const page = await open(browser, `${folder}/sweep.html`);
  await page.selectOption('select[aria-label="First plot: x"]', "cores");
  await page.selectOption('select[aria-label="First plot: y"]', "latency_us");
  await page.click('label:has-text("only the front") input');
  const beats = (a, b) =>
    Number(a.cores) <= Number(b.cores) &&
    Number(a.latency_us) <= Number(b.latency_us) &&
    (Number(a.cores) < Number(b.cores) || Number(a.latency_us) < Number(b.latency_us));
  const front = points.filter((b) => !points.some((a) => beats(a, b))).map((p) => p.point);
  assert.deepEqual((await rows(page, "points")).map((row) => row.point).sort(), front.sort());
  assert.ok(front.length > 0 && front.length < points.length);
  await page.screenshot({ path: `${folder}/sweep_front.png`, fullPage: true });
  await page.close();
}

export async function pointsAreLinkedAndDetailed(browser, folder) {
  const points = table(folder);
  const page = await open(browser, `${folder}/sweep.html`);
  const plot = page.locator(".plots canvas").first();
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  await settled(page);
  const row = Number((await page.textContent(".point h3")).match(/\d+/)[0]);
  const detail = await page.$eval('.point [data-column="latency_us"]', (e) => e.dataset.value);
  assert.equal(Number(detail), Number(points.find((p) => Number(p.point) === row).latency_us));
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + 60, box.y + 15);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 20, box.y + box.height - 45, { steps: 4 });
  await page.mouse.up();
  await settled(page);
  assert.match(await page.textContent(".count"), new RegExp(`; ${points.length} chosen in a plot`));
  assertQuiet(page, "points");
  await page.close();
}

export async function aSweepIsInOrder(browser, folder) {
  for (const width of [1280, 390]) {
    const page = await open(browser, `${folder}/sweep.html`, { width, height: 900 });
    assert.deepEqual(await misplaced(page), [], `sweep at ${width}`);
    await page.screenshot({ path: `${folder}/sweep_${width}.png` });
    assertQuiet(page, `sweep at ${width}`);
    await page.close();
  }
}
