const attachment = await fetch(
  `https://api.agentsend.io/attachments/${attachmentId}`,
  { headers: { "x-api-key": process.env.AGENTSEND_API_KEY } }
).then(r => r.json());
// Download the file using the presigned URL
const fileData = await fetch(attachment.url).then(r => r.arrayBuffer());
