// Upload attachment
const formData = new FormData();
formData.append('file', fileInput.files[0]);
const uploadRes = await fetch('/api/email/attachments', {
method: 'POST',
headers: { 'Authorization': 'Bearer YOUR_API_KEY' },
body: formData
});
const { data: attachment } = await uploadRes.json();
// Send email with attachment
await fetch('/api/email/send', {
method: 'POST',
headers: {
'Authorization': 'Bearer YOUR_API_KEY',
'Content-Type': 'application/json'
},
body: JSON.stringify({
from: 'sender@example.com',
to: 'recipient@example.com',
subject: 'Document',
attachments: [{ id: attachment.id }]
})
});
