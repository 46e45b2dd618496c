import preact from "@preact/preset-vite";
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

// One file with everything in it: dist/page.html, in which `tessera` puts the data of a report.
export default defineConfig({
  plugins: [
    preact({ devToolsEnabled: false, prefreshEnabled: false }),
    viteSingleFile({ removeViteModuleLoader: true }),
  ],
  build: { target: "es2022", rollupOptions: { input: "page.html" } },
});
