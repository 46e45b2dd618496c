// A page in Chromium that remembers what it complained about, and questions to ask of it.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export async function start(executablePath) {
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--allow-file-access-from-files"] });
}

/** Opens a file; every request beyond it, console message of a fault and dialog is remembered in `page.faults`. */
export async function open(browser, file, size = { width: 1280, height: 900 }, options = {}) {
  const page = await browser.newPage({ viewport: size, ...options });
  page.faults = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.faults.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    page.faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith("data:") && !url.startsWith("blob:") && !url.endsWith(file))
      page.faults.push(`request: ${url.slice(0, 200)}`);
  });
  await page.goto(`file://${file}`);
  await page.waitForSelector("main");
  return page;
}

export async function show(page, view) {
  await page.click(`nav a[href="#${view}"]`);
  await page.waitForSelector(`#view-${view}`);
  await settled(page);
}

/** Waits until what was asked for is drawn: an effect runs after its frame and may ask for one more drawing. */
export async function settled(page) {
  await page.evaluate(async () => {
    for (let i = 0; i < 6; ++i) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  });
}

export const views = (page) => page.$$eval("nav a", (links) => links.map((a) => a.getAttribute("href").slice(1)));

export function assertQuiet(page, what) {
  assert.deepEqual(page.faults, [], `${what}: the browser complains`);
}

/** Rows of a table as {column title: data-value, else text}. */
export async function rows(page, name) {
  await settled(page);
  return page.$$eval(`table[data-table="${name}"]`, (tables) =>
    tables.flatMap((table) => {
      const titles = [...table.querySelectorAll("th button")].map((b) => b.childNodes[0].textContent);
      return [...table.querySelectorAll("tbody tr")].map((tr) =>
        Object.fromEntries(
          [...tr.children].map((td, i) => [
            titles[i],
            td.querySelector("[data-value]")?.dataset.value ?? td.textContent,
          ]),
        ),
      );
    }),
  );
}

/** What goes over the edge of the page, and texts that lie on each other. */
export async function misplaced(page) {
  return page.evaluate(() => {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} wide in ${innerWidth}`);
    const leaves = [...document.querySelectorAll("header a, header button, main *")].filter((e) => {
      const own = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim() !== "");
      return own && !e.closest("svg, option, details:not([open]), thead");
    });
    const boxes = leaves.flatMap((e) => {
      const range = document.createRange();
      range.selectNodeContents(e);
      return [...range.getClientRects()].flatMap((line) => {
        let { left, top, right, bottom } = line;
        for (let p = e; p !== null && p !== root; p = p.parentElement) {
          const clips = getComputedStyle(p);
          if (clips.overflowX === "visible" && clips.overflowY === "visible") continue;
          const edge = p.getBoundingClientRect();
          [left, top, right, bottom] = [
            Math.max(left, edge.left),
            Math.max(top, edge.top),
            Math.min(right, edge.right),
            Math.min(bottom, edge.bottom),
          ];
        }
        return right - left > 2 && bottom - top > 2 ? [{ e, left, top, right, bottom }] : [];
      });
    });
    for (const a of boxes)
      for (const b of boxes) {
        if (
          a.e.contains(b.e) ||
          b.e.contains(a.e) ||
          a.e.compareDocumentPosition(b.e) & Node.DOCUMENT_POSITION_PRECEDING
        )
          continue;
        const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (w > 2 && h > 4) found.push(`"${a.e.textContent.slice(0, 30)}" lies on "${b.e.textContent.slice(0, 30)}"`);
      }
    return found.slice(0, 5);
  });
}

/** Members that are numbers, by dotted path, without lists. */
export function flatten(object, prefix = "") {
  return Object.entries(object ?? {}).flatMap(([key, value]) => {
    if (typeof value === "number") return [[prefix + key, value]];
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? flatten(value, `${prefix}${key}.`)
      : [];
  });
}
