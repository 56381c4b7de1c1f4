const form = new FormData();
form.append("file", fileBlob, "report.pdf");
const res = await fetch("https://api.agentsend.io/attachments", {
  method: "POST",
  headers: { "x-api-key": process.env.AGENTSEND_API_KEY },
  body: form,
});
const attachment = await res.json();
console.log(attachment.id); // e.g. "att_a1b2c3d4"
