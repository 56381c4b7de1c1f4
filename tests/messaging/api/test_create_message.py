def test_it_accepts_a_letter(alice):
    from tests.messaging.make import make_inbox
    make_inbox(alice.workspace, address="hello@acme.test")
    answer = alice.api.post("/api/v1/messages", {"to": ["Ann <ann@example.com>"], "subject": "Hi", "text": "x",
       "attachments": [{"filename": "foo.txt", "content": "Zm9v"}, {"filename": "late.txt", "size": 3, "inline": True, "content_id": "<x>"}]}, headers={"Idempotency-Key": "a"})
    print(answer.json())
    assert answer.status_code == 202
    id = answer.json()["id"]
    import json
    for path in ("", "/raw", "/events"):
        a = alice.api.get(f"/api/v1/messages/{id}{path}")
        print(path, a.status_code, a.content if not a.streaming else b"".join(a.streaming_content))
    print(json.dumps(alice.api.get("/api/v1/messages?status=waiting&filename=foo&search=Hi&to=ann@example.com&from=hello@acme.test&has_attachment=true&unread=false").json(), indent=1))
    print(alice.api.get("/api/v1/events").json())
    print(alice.api.get("/api/v1/keys").json())
