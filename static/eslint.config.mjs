import js from "@eslint/js";
import globals from "globals";

export default [
  // The parts of the guard are read together, as `node build.mjs --check` puts them.
  { ignores: ["*.min.js", "guard/"] },
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "script", globals: globals.browser },
  },
  // What the server puts in.
  {
    files: ["vendors.js", "gpp.js"],
    languageOptions: { globals: { __CONSENT_APIS__: "readonly", __CONSENT_GPP__: "readonly" } },
  },
  { files: ["*.mjs"], languageOptions: { globals: globals.node } },
];
