import fast_mail_parser
import pytest

from tests.messaging.mime.written import make_letter, make_part, read, write


def headers_of(filename: str) -> str:
    message = write(make_letter(), make_part(filename=filename))
    return message.decode().partition("\r\nContent-Type:")[2]


def test_it_quotes_plain_names():
    headers = headers_of("a b, (c).pdf")
    assert 'application/pdf; name="a b, (c).pdf"\r\n' in headers
    assert 'attachment; filename="a b, (c).pdf"\r\n' in headers


@pytest.mark.parametrize("filename", ["a;b.pdf", 'a"b.pdf', "a\\b.pdf", '"a.pdf"'])
def test_it_encodes_what_some_readers_do_not_take_out_of_quotes(filename):
    assert "filename*=utf-8''" in headers_of(filename)
    (leaf,) = fast_mail_parser.walk(
        fast_mail_parser.parse_email_tree(write(None, make_part(filename=filename)))
    )
    assert leaf.filename == filename


def test_it_writes_other_names_in_the_form_that_all_readers_take():
    headers = headers_of("Résumé.pdf")
    assert 'application/pdf; name="=?utf-8?B?UsOpc3Vtw6kucGRm?="\r\n' in headers
    assert "attachment; filename*=utf-8''R%C3%A9sum%C3%A9.pdf\r\n" in headers


def test_it_writes_no_ascii_name_beside_the_true_one():
    assert "filename=" not in headers_of("Résumé.pdf")


def test_it_continues_long_names_without_cutting_a_character():
    headers = headers_of("日本語" * 30 + ".pdf").replace("\r\n", "")
    sections = [piece.partition("*=") for piece in headers.split(";") if "filename*" in piece]
    assert [name.strip() for name, _, _ in sections] == [
        f"filename*{number}" for number in range(len(sections))
    ]
    values = [value.removeprefix("utf-8''") for _, _, value in sections]
    assert all(len(value) <= 60 for value in values)
    assert all(value.startswith("%E") for value in values)


def test_it_cuts_encoded_words_short_and_between_characters():
    words = [
        word.strip(' "')
        for word in headers_of("日本語" * 30 + ".pdf").split("\r\n")
        if "=?utf-8" in word
    ]
    words = [word.partition("=?")[2] for word in words]
    assert len(words) > 5
    assert all(len(word) <= 73 for word in words)


@pytest.mark.parametrize(
    "filename",
    [
        "a.pdf",
        "a  b.pdf",
        "=?utf-8?Q?x?=.pdf",
        "50% off.pdf",
        "it's.pdf",
        "a;b=c, d.pdf",
        'say "hi".pdf',
        "C:\\a.pdf",
        "tab\there.pdf",
        "x" * 200 + ".pdf",
        "a b " * 40 + ".pdf",
        "😀.pdf",
        "e\u0301.pdf",
        "\u202efdp.exe",
    ],
)
def test_it_writes_names_that_come_back(filename):
    message = read(write(make_letter(text="Hi"), make_part(filename=filename)))
    _, file = message.iter_parts()
    assert file.get_filename() == filename


def test_it_writes_a_file_without_a_name():
    message = read(write(make_letter(text="Hi"), make_part(filename="")))
    _, file = message.iter_parts()
    assert file["Content-Disposition"] == "attachment"
    assert file["Content-Type"] == "application/pdf"


def test_it_keeps_the_parameters_of_a_type_but_for_the_name():
    part = make_part(
        content_type="Text/CSV; Charset=\"iso-8859-1\"; name=x.csv; name*=utf-8''y; header=present;"
    )
    message = write(make_letter(), part)
    assert b'Content-Type: text/csv; charset="iso-8859-1"; header=present; name="a.pdf"' in message


def test_it_gives_a_text_file_no_charset_of_its_own():
    assert b'text/plain; name="a.txt"\r\n' in write(
        None, make_part(filename="a.txt", content_type="text/plain")
    )
