import pytest

pytest.register_assert_rewrite("tests.live.judgement", "tests.live.office")
