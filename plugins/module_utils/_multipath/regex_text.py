# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions of multipath.conf, by the regcomp(3) and regexec(3) of this host, which libmultipath uses.

No rules of our own: the C library knows ranges, classes, counts and anchors of extended regular expressions that the module re of Python
takes for others.
"""

from __future__ import annotations

import contextlib
import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

# REG_EXTENDED and REG_NOSUB, of glibc and musl alike.
FLAGS = 1 | 8
# More than any regex_t; that of glibc has 64.
REGEX_BYTES = 512
WORDS_BYTES = 256
# Characters that an extended regular expression does not take literally.
SPECIAL = re.compile(r"([][\\.^$*+?(){}|])")


def check_regex(text):
    """Raises SanError for what regcomp(3) refuses as an extended regular expression: it makes the whole file be refused."""
    libc, compiled = _library(), _parted(text)[1]
    with _compiled(libc, compiled) as (regex, refused):
        if refused:
            hint = " Write .* for anything." if compiled.startswith("*") else ""
            raise SanError(f"{text!r} is no regular expression: {_words(libc, regex, refused)}.{hint}")


def is_regex(text):
    """Whether regcomp(3) takes an expression."""
    with _compiled(_library(), _parted(text)[1]) as (regex, refused):
        return not refused


def matches(text, subject):
    """Whether an expression of a blacklist fits a subject; one that begins with ! fits what the rest does not. None is nothing that fits."""
    if text is None or subject is None:
        return False
    inverted, compiled = _parted(text)
    found = _found_in(_library(), compiled, subject)
    return found is not None and found != inverted


def fitting(texts, subject):
    """Those of some expressions of device sections that fit a subject, as a set. A ! is no more than itself there (libmultipath/config.c hwe_regmatch)."""
    # multipath has a hundred such sections itself, mostly with literals: to compile these as well takes several times as long.
    special = {text for text in texts if SPECIAL.search(text)}
    libc = _library() if special else None
    return {text for text in texts if (_found_in(libc, text, subject) if text in special else text in subject)}


def _found_in(libc, text, subject):
    """Whether regexec(3) finds an expression in a subject, None when regcomp(3) refuses it."""
    with _compiled(libc, text) as (regex, refused):
        return None if refused else libc.regexec(regex, _bytes(subject), 0, None, 0) == 0


def _library():
    """The C library."""
    # Most runs compile none.
    import ctypes

    libc = ctypes.CDLL(None)
    libc.regexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int]
    return libc


@contextlib.contextmanager
def _compiled(libc, text):
    """The compiled expression, and the error number of regcomp(3), 0 for none."""
    import ctypes

    regex = ctypes.create_string_buffer(REGEX_BYTES)
    refused = libc.regcomp(regex, _bytes(text), FLAGS)
    try:
        yield regex, refused
    finally:
        if not refused:
            libc.regfree(regex)


def _words(libc, regex, refused):
    """What regerror(3) says."""
    import ctypes

    words = ctypes.create_string_buffer(WORDS_BYTES)
    libc.regerror(refused, regex, words, ctypes.c_size_t(WORDS_BYTES))
    return words.value.decode("utf-8", "replace")


def _parted(text):
    """Whether an expression is inverted, and what of it is compiled (libmultipath/blacklist.c check_invert)."""
    return text.startswith("!"), text[1:] if text.startswith(("!", "\\!")) else text


def _bytes(text):
    return text.encode("utf-8", "surrogateescape")
