// Two runs side by side.
import assert from "node:assert/strict";
import fs from "node:fs";
import { assertQuiet, flatten, misplaced, open, rows, settled, show, views } from "./page.mjs";

const read = (folder, name) => JSON.parse(fs.readFileSync(`${folder}/${name}`, "utf8"));

export async function differencesAreThoseOfTheResults(browser, folder) {
  const [a, b] = [read(folder, "a_result.json"), read(folder, "b_result.json")];
  const page = await open(browser, `${folder}/two.html`);
  await show(page, "compare");
  const shown = await rows(page, "differences");
  const key = (row) => `${row.density} ${row.number}`;
  const expected = new Map();
  for (const density of ["dense", "sparse"]) {
    const [left, right] = [new Map(flatten(a[density])), new Map(flatten(b[density]))];
    for (const name of new Set([...left.keys(), ...right.keys()]))
      if (left.get(name) !== right.get(name)) expected.set(`${density} ${name}`, [left.get(name), right.get(name)]);
  }
  for (const name of ["speedup", "total_speedup"])
    if (a[name] !== b[name]) expected.set(`both ${name}`, [a[name], b[name]]);
  assert.deepEqual(shown.map(key).sort(), [...expected.keys()].sort());
  for (const row of shown)
    assert.deepEqual(
      [Number(row.A), Number(row.B)],
      expected.get(key(row)).map((v) => v ?? NaN),
      key(row),
    );
  const sizes = shown.map((row) =>
    Number(row.A) > 0 && Number(row.B) > 0 ? Math.abs(Math.log(row.B / row.A)) : Infinity,
  );
  for (let i = 1; i < sizes.length; ++i) assert.ok(sizes[i] <= sizes[i - 1] + 1e-12, "the largest comes first");
  const set = await rows(page, "settings");
  assert.ok(
    set.some((row) => row.setting === "hardware.cols" && row.A === "2" && row.B === "4"),
    JSON.stringify(set),
  );
  assertQuiet(page, "compare");
  await page.close();
}

export async function twoTimelinesShareAnAxis(browser, folder) {
  const page = await open(browser, `${folder}/two.html`);
  await show(page, "timeline");
  await page.selectOption(".timeline select >> nth=1", { label: "B sparse" });
  await settled(page);
  const axes = await page.$$eval(".pane canvas", (all) => all.map((canvas) => canvas.dataset.view));
  assert.equal(axes.length, 2);
  assert.equal(axes[0], axes[1]);
  await page.screenshot({ path: `${folder}/two_timelines.png` });
  assertQuiet(page, "two timelines");
  await page.close();
}

export async function comparingIsInOrder(browser, folder) {
  for (const width of [1280, 390]) {
    const page = await open(browser, `${folder}/two.html`, { width, height: 850 });
    for (const view of await views(page)) {
      await show(page, view);
      await page.screenshot({ path: `${folder}/two_${view}_${width}.png` });
      assert.deepEqual(await misplaced(page), [], `${view} at ${width}`);
    }
    assertQuiet(page, `comparing at ${width}`);
    await page.close();
  }
}
