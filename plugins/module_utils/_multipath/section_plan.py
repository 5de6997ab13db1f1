# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes that bring the sections of a parsed multipath.conf to what is wanted."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import Attr
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import (
    LISTS,
    STANZAS,
    entry_in_force,
    entry_of,
    identity_of,
    merges_multipaths,
)
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import taken
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.regex_text import check_regex
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.sheet_text import Sheet


class SectionEditor:
    """Compares section by section and collects the changes. wanted: what was named, by key; gone: keys that are removed."""

    def __init__(self, conf, exclusive, absent):
        self.sheet = Sheet(conf)
        self.keys = []
        self.wanted = {}
        self._conf = conf
        self._exclusive = exclusive
        self._absent = absent

    def edit(self, section):
        """Bring one section to what is wanted."""
        blocks = self._conf.blocks(section.keyword)
        if section.keyword in LISTS:
            values, stanzas = self._entries(section, blocks)
        else:
            values = self._values((section.keyword,), self._applying(section.values, blocks), blocks)
            stanzas = self._stanzas(section, blocks) if section.keyword in STANZAS else []
        if blocks:
            if values:
                self.sheet.insert_values(blocks[-1], values)
            for keyword in dict.fromkeys(name for name, pairs in stanzas):
                self.sheet.insert_stanzas(blocks[-1], keyword, [pairs for name, pairs in stanzas if name == keyword])
            for block in blocks:
                self.sheet.drop_if_emptied(block)
        elif values or stanzas:
            self.sheet.append_section(section.keyword, values, stanzas)

    def _applying(self, values, blocks):
        """The values without those that go only while they mean something else than these blocks say."""
        attrs = [attr for block in blocks for attr in block.attrs() if attr.known]
        meanings = {value.name: {self._meaning(attr) for attr in attrs if attr.name == value.name} for value in values}
        return tuple(value for value in values if value.only is None or meanings[value.name] == {value.only})

    def _meaning(self, attr):
        return taken(attr.spec.kind, attr.value, self._conf.keywords.release, attr.quoted)

    def _values(self, key, values, blocks, keep=()):
        """Compare the values of blocks that are one to libmultipath; returns the pairs to insert."""
        there = {}
        for attr in (attr for block in blocks for attr in block.attrs() if attr.keyword not in keep):
            there.setdefault(attr.name, []).append(attr)
        inserted = []
        for value in values:
            attrs = there.pop(value.name, [])
            here = (*key, value.name)
            self.wanted[here] = value.meaning
            known = [attr for attr in attrs if attr.known]
            if value.text is None:
                self._remove(here, attrs)
            elif not known:
                inserted.append((value.keyword, value.text))
                self.keys.append(here)
            else:
                last = known[-1]
                if self._meaning(last) != value.meaning:
                    self.sheet.set_value(last, value.text)
                    self.keys.append(here)
                if self._exclusive:
                    self._remove(here, [attr for attr in attrs if attr is not last])
        if self._exclusive:
            for name, attrs in there.items():
                self.wanted[(*key, name)] = None
                self._remove((*key, name), attrs)
        return inserted

    def _remove(self, key, attrs):
        for attr in attrs:
            self.sheet.remove(attr)
            self.keys.append(key)

    def _stanzas(self, section, blocks):
        """Compare the stanzas of a section; returns the (keyword, pairs) to insert."""
        keyword, parts = STANZAS[section.keyword]
        there = {}
        for block in (block for outer in blocks for block in outer.blocks(keyword)):
            there.setdefault(identity_of(section.keyword, block, self._conf.keywords.release), []).append(block)
        inserted = []
        for stanza in section.stanzas:
            key = (section.keyword, stanza.identity)
            known = there.pop(stanza.identity, [])
            if self._absent:
                self._take_out(key, stanza, known, parts)
                continue
            known = self._counting(key, known)
            if not known and stanza.only_removes:
                continue
            self.wanted[key] = ""
            if not known:
                _check_new(section.keyword, stanza)
                self.keys.append(key)
            values = self._values(key, stanza.values, known, parts)
            if not known:
                inserted.append((keyword, [*stanza.pairs, *values]))
            elif values:
                self.sheet.insert_values(known[-1], values)
        if self._exclusive or section.emptied:
            for identity, known in there.items():
                self._drop((section.keyword, identity), known)
        return inserted

    def _counting(self, key, known):
        """The stanzas of one identity whose values count, in the order in which the later wins."""
        if key[0] == "multipaths" and not merges_multipaths(self._conf.keywords.release):
            known = known[:1] if not self._exclusive else known[::-1]
        if not self._exclusive:
            return known
        for block in known[:-1]:
            self.sheet.remove_block(block)
            self.keys.append(key)
            self.wanted.update(((*key, attr.name), None) for attr in block.attrs())
        return known[-1:]

    def _take_out(self, key, stanza, known, parts):
        """Remove the listed values of a stanza, or all of it when none is listed or nothing would be left, not even a comment."""
        values = self._applying(stanza.values, known)
        self._values(key, values, known, parts)
        names = {value.name for value in values}
        left = {attr.name for block in known for attr in block.attrs()} - names - set(parts)
        if not stanza.values or not (left or any(map(self.sheet.has_comment, known))):
            self._drop(key, known)

    def _drop(self, key, known):
        self.wanted[key] = None
        for block in known:
            self.sheet.remove_block(block)
            self.keys.append(key)

    def _entries(self, section, blocks):
        there = {}
        for item in (item for block in blocks for item in block.items):
            there.setdefault(entry_of(item, self._conf.keywords.release), []).append(item)
        inserted = []
        for entry in dict.fromkeys(section.entries):
            known = there.pop(entry, [])
            if self._absent:
                self._drop_entry((section.keyword, entry), known)
                continue
            self.wanted[(section.keyword, entry)] = ""
            if not known:
                self.keys.append((section.keyword, entry))
                inserted.append(entry)
            elif self._exclusive:
                self._drop_items((section.keyword, entry), known[:-1])
        if self._exclusive:
            for entry, known in there.items():
                self._drop_entry((section.keyword, entry), known)
        values = [entry for entry in inserted if entry[0] != "device"]
        pairs = [[pair for pair in zip(("vendor", "product"), entry[1:]) if pair[1]] for entry in inserted if entry[0] == "device"]
        return values, [("device", pair) for pair in pairs]

    def _drop_entry(self, key, known):
        self.wanted[key] = None
        self._drop_items(key, known)

    def _drop_items(self, key, items):
        for item in items:
            self.keys.append(key)
            if isinstance(item, Attr):
                self.sheet.remove(item)
            else:
                self.sheet.remove_block(item)
                self.wanted.setdefault((key[0], entry_in_force(item, self._conf)), None)


def _check_new(section, stanza):
    """Raises SanError for a device section that would match nothing: libmultipath takes it without a word."""
    for keyword, text in stanza.pairs if section == "devices" else ():
        try:
            check_regex(text)
        except SanError as error:
            raise SanError(f"devices device {keyword}: {error} Such a section is read and never matches a device.") from None
