// Prints the version of a package, once it has been imported.
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

const [name] = process.argv.slice(2);
await import(name);
const { version } = JSON.parse(readFileSync(findPackageJSON(name, import.meta.resolve(name))));
console.log(JSON.stringify(version));
