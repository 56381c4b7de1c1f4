"""Looking for malware: bytes are judged once, and every file that has them follows."""
