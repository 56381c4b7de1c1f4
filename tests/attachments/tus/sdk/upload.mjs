// Uploads a file as a program with tus-js-client does; says where it went.
import { createReadStream } from "node:fs";
import { Upload } from "tus-js-client";

const upload = new Upload(createReadStream(process.env.FILE), {
  endpoint: `${process.env.URL}/api/v1/uploads`,
  headers: { Authorization: `Bearer ${process.env.KEY}` },
  metadata: { filename: "film.bin" },
  onSuccess: () => console.log(JSON.stringify(upload.url)),
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
});
upload.start();
