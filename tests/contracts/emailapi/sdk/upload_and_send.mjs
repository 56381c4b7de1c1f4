// Runs the document's own JavaScript as a page of the installation would, and prints the answers.
import { readFile } from "node:fs/promises";

const [example, base, document, key, sender] = process.argv.slice(2);
const source = (await readFile(example, "utf8"))
  .replaceAll("YOUR_API_KEY", key)
  .replaceAll("sender@example.com", sender);

const answers = [];
const fetchHere = async (path, options) => {
  const response = await fetch(new URL(path, base), options);
  answers.push({ status: response.status, body: await response.clone().json() });
  return response;
};
const bytes = await readFile(document);
const fileInput = { files: [new File([bytes], "document.pdf", { type: "application/pdf" })] };

const AsyncFunction = (async () => {}).constructor;
await new AsyncFunction("fetch", "fileInput", source)(fetchHere, fileInput);
console.log(JSON.stringify(answers));
