// Names that somebody chose to break the page.
import assert from "node:assert/strict";
import fs from "node:fs";
import { assertQuiet, misplaced, open, rows, show, views } from "./page.mjs";

export async function namesAreTextAndNothingElse(browser, folder) {
  const names = JSON.parse(fs.readFileSync(`${folder}/hostile_result.json`, "utf8")).dense.layers.map(
    (layer) => layer.name,
  );
  assert.ok(names.some((name) => name.length === 100000) && names.some((name) => name.includes("</script>")));
  for (const width of [1280, 390]) {
    const page = await open(browser, `${folder}/hostile.html`, { width, height: 850 });
    for (const view of await views(page)) {
      await show(page, view);
      await page.screenshot({ path: `${folder}/hostile_${view}_${width}.png` });
      assert.deepEqual(await misplaced(page), [], `${view} at ${width}`);
    }
    assert.notEqual(await page.title(), "taken");
    assert.equal((await page.$$("img, main script")).length, 0);
    await show(page, "layers");
    assert.equal((await rows(page, "layers")).length, names.length);
    assertQuiet(page, "hostile names");
    await page.close();
  }
}
