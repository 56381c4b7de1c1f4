"""Files that are not what their type or their name says."""

from __future__ import annotations

from dataclasses import dataclass

from attachments.sniff import BY_EXTENSION, UNKNOWN

#: types that first bytes tell for sure
TELLING = frozenset(
    {
        "application/gzip",
        "application/pdf",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/x-dosexec",
        "application/x-executable",
        "application/x-mach-binary",
        "application/x-pie-executable",
        "application/x-rar",
        "application/x-sharedlib",
        "application/x-shockwave-flash",
        "application/zip",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
    }
)
#: declared type -> what its bytes may be called as well
ALIASES = {
    "application/vnd.microsoft.portable-executable": "application/x-dosexec",
    "application/vnd.rar": "application/x-rar",
    "application/x-gzip": "application/gzip",
    "application/x-msdownload": "application/x-dosexec",
    "application/x-zip-compressed": "application/zip",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-ms-bmp": "image/bmp",
    "image/x-png": "image/png",
}
#: types of which many formats are made
WRAPPINGS = {"application/zip", "application/gzip"}
#: endings of what is made of another file: `report.pdf.gz` is honest
WRAPPED = frozenset(
    {"7z", "asc", "bz2", "gpg", "gz", "p7m", "p7s", "rar", "sig", "xz", "zip", "zst"}
)
#: endings of what runs, or leads elsewhere, when somebody opens it
RISKY = frozenset(
    [
        "apk",
        "app",
        "bat",
        "chm",
        "cmd",
        "com",
        "cpl",
        "dll",
        "dmg",
        "docm",
        "exe",
        "hta",
        "htm",
        "html",
        "img",
        "iso",
        "jar",
        "js",
        "jse",
        "lnk",
        "mht",
        "mhtml",
        "msi",
        "pif",
        "pptm",
        "ps1",
        "reg",
        "scr",
        "sh",
        "shtml",
        "svg",
        "swf",
        "url",
        "vbe",
        "vbs",
        "wsf",
        "wsh",
        "xhtml",
        "xlsm",
        "xml",
    ]
)


@dataclass(frozen=True)
class Disguise:
    """An ending that people see, and what the file is: another ending, or a type."""

    shown: str
    is_really: str


def disguise_of(filename: str, *, sniffed: str) -> Disguise | None:
    """What a name shows that the file is not: `invoice.pdf.exe`, or `photo.jpg` that is a page.

    All endings count, since many programs hide the last one.
    """
    *before, last = endings_of(filename) or [""]
    shown = [ending for ending in before if f".{ending}" in BY_EXTENSION and ending not in RISKY]
    if shown and last in RISKY:
        return Disguise(shown[-1], f".{last}")
    if last in WRAPPED:
        before = []
    for ending in (last, *before):
        declared = BY_EXTENSION.get(f".{ending}", UNKNOWN)
        if does_not_look_like(declared=declared, sniffed=sniffed):
            return Disguise(ending, sniffed)
    return None


def endings_of(filename: str) -> list[str]:
    """All endings of a name in lower case, without their dots and the blanks that hide them."""
    return [ending for one in filename.split(".")[1:] if (ending := one.strip().lower())]


def does_not_look_like(*, declared: str, sniffed: str) -> bool:
    """Whether bytes whose type can be told for sure are declared as something else.

    Formats that are made of another one (documents of zip, images of XML) are what they say.
    """
    essence = declared.partition(";")[0]
    essence = ALIASES.get(essence, essence)
    found = ALIASES.get(sniffed, sniffed)
    if UNKNOWN in (essence, found) or essence == found:
        return False
    if found in WRAPPINGS and essence not in TELLING and not essence.startswith("text/"):
        return False
    return essence in TELLING or found in TELLING
