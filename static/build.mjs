// The scripts as they are sent: each `*.min.js` here, and in built.json what it was made of.
//   node build.mjs           writes them
//   node build.mjs --check   fails where one is not what its sources give; the guard in one piece, for
//                            other checks, is then in .checked/
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { minify } from "terser";

const GUARD = ["rules", "stores", "elements", "requests", "api"].map((name) => `guard/${name}.js`);
const MADE = { "guard.min.js": GUARD, "banner.min.js": ["banner.js"], "activate.min.js": ["activate.js"] };

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const write = (name, text) => writeFileSync(new URL(name, import.meta.url), text);

/** The parts of the guard share one function; the server puts in the rules. */
const assembled = (name) => {
  const text = MADE[name].map(read).join("");
  return name === "guard.min.js" ? `"use strict";((RULES)=>{${text}})(__CONSENT_RULES__);\n` : text;
};
const made = async (name) => {
  const { code } = await minify(assembled(name), {
    ecma: 2020,
    compress: { passes: 3, collapse_vars: false }, // smaller so, once compressed
    mangle: true,
    format: { ascii_only: true },
  });
  return code + "\n";
};

const isCheck = process.argv.includes("--check");
if (isCheck) {
  mkdirSync(new URL(".checked", import.meta.url), { recursive: true });
  write(".checked/guard.js", assembled("guard.min.js").replace("__CONSENT_RULES__", "{}"));
}
const built = {};
let stale = 0;
for (const name of Object.keys(MADE)) {
  const code = await made(name);
  built[name] = createHash("sha256").update(assembled(name)).digest("hex");
  if (!isCheck) write(name, code);
  else if (read(name) !== code) {
    console.error(`${name} is not what its sources give: run make static`);
    stale = 1;
  }
}
if (!isCheck) write("built.json", JSON.stringify(built, null, 2) + "\n");
process.exit(stale);
