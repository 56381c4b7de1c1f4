"""Upload a file as a program with tuspy does; says where it went."""

import json
import os
import sys

from tusclient.client import TusClient

client = TusClient(f"{os.environ['URL']}/api/v1/uploads")
client.set_headers({"Authorization": f"Bearer {os.environ['KEY']}"})
uploader = client.uploader(
    os.environ["FILE"], metadata={"filename": "film.bin"}, retries=20, retry_delay=1
)
uploader.upload()
json.dump(uploader.url, sys.stdout)
