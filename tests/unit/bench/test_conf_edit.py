"""The bench of the conf editor counts what a user of it meets."""

from __future__ import annotations

import pytest
from benches.conf_edit import conf_of, refused

BRACE = "defaults {\n\tpolling_interval 5 }\n"
EXPRESSION = 'blacklist {\n\tdevnode "*"\n}\n'


@pytest.mark.parametrize(("texts", "count"), [([conf_of(3)], 0), ([conf_of(3), EXPRESSION], 1), ([BRACE, conf_of(1), EXPRESSION], 2)])
def test_a_file_that_the_editor_refuses_is_counted(tmp_path, texts, count):
    files = [tmp_path / str(number) for number in range(len(texts))]
    for file, text in zip(files, texts):
        file.write_text(text)
    assert refused(files) == {"refused": count}
    assert [file.read_text() for file in files] == texts
