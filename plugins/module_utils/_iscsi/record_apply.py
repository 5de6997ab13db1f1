# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of node_plan for the record database -> calls of iscsiadm and of its files; each can be killed and run again."""

from __future__ import annotations

import os

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.asked_text import STARTUP
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import node_path, read_discoveries, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import AUTH, changes_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import render_changes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import describe


class Records:
    """iscsiadm, database: the tools."""

    def __init__(self, iscsiadm, database):
        self._iscsiadm = iscsiadm
        self._database = database

    def read(self):
        """All node records of now, as read_nodes gives them."""
        return read_nodes(self._database.root)

    def discoveries(self, steps):
        """Make or change records of discovery portals."""
        for kind, name, values, record in (step.args for step in steps):
            if record is None or record.broken:
                if record:
                    with self._database.locked():
                        self._database.remove_file(record.path)
                record = self._create_discovery(kind, name)
            if record is None:
                raise SanError(f"discovery record {name}: iscsiadm made none. Look at the record database in {self._database.root}.")
            with self._database.locked():
                self._database.change(record.path, values)

    def _create_discovery(self, kind, name):
        """-> the new record, or None. What a failure leaves is removed."""
        known = {record.path for record in read_discoveries(self._database.root)}
        try:
            self._iscsiadm.create_discovery(kind, name)
        except SanError:
            self.forget([record for record in self._discoveries_of(kind, name) if record.path not in known])
            raise
        return next(iter(self._discoveries_of(kind, name)), None)

    def _discoveries_of(self, kind, name):
        return [record for record in read_discoveries(self._database.root) if (record.kind, record.name) == (kind, name)]

    def delete(self, records):
        """Delete node records."""
        if records:
            with self._database.locked():
                for record in records:
                    self._database.remove(record)

    def forget(self, records):
        """Delete records of discovery portals."""
        if records:
            with self._database.locked():
                for record in records:
                    self._database.remove_discovery(record.path)

    def create(self, wanted):
        """Make node records. iscsiadm makes one record per interface from the defaults in iscsid.conf; the others are that record with another name and portal.

        wanted: triples of node, values, and the record that the new one is to be like, or None.
        """
        templates, texts = {}, {}
        for node, values, like in wanted:
            own = {**_identity(node), **_own(values)}
            if like:
                texts[self._path(node)] = self._database.changed(like.path, {**dict.fromkeys(like.foreign), **own})
                continue
            if node.iface not in templates:
                templates[node.iface] = self._template(node, values)
            texts[self._path(node)] = render_changes(templates[node.iface], own)
        if texts:
            with self._database.locked():
                self._database.write(texts)
        alike = {node.key: (node, _settings(changes_of(like.values, values))) for node, values, like in wanted if like}
        for node, settings in alike.values():
            if settings:
                self._iscsiadm.update(node.target, settings, node)
        self._verify({key: settings for key, (node, settings) in alike.items() if settings})

    def _template(self, node, values):
        path = self._path(node)
        known = os.path.lexists(path)
        try:
            self._iscsiadm.create(node)
        except SanError:
            self.delete([] if known else [record for record in self.read() if record.path == path])
            raise
        settings = _settings(values)
        if settings:
            self._iscsiadm.update(node.target, settings, node)
        text = read_text(path)
        if text is None:
            raise SanError(f"node record {node}: iscsiadm made none at {path}. Look at the record database in {self._database.root}.")
        self._verify({node.key: settings})
        return text

    def _path(self, node):
        return node_path(self._database.root, node.target, node.address, node.portal.port, node.tpgt, node.iface)

    def update(self, pairs):
        """Change node records. pairs: of a record and its new values."""
        groups = {}
        for record, changes in pairs:
            settings = _settings(changes)
            if settings:
                groups.setdefault((record.target, tuple(settings.items())), []).append(record)
        known = self.read() if groups else ()
        for (target, settings), records in groups.items():
            everything = {record.path for record in known if record.target == target} == {record.path for record in records}
            for record in (None,) if everything else records:
                self._iscsiadm.update(target, dict(settings), record)
        self._verify({record.key: _settings(changes) for record, changes in pairs if _settings(changes)})
        own = [(record, _own(changes)) for record, changes in pairs if _own(changes)]
        if own:
            with self._database.locked():
                self._database.write({record.path: self._database.changed(record.path, changes) for record, changes in own})

    def _verify(self, settings):
        """iscsiadm takes 100000 for a 16 bit number and a word for a number, answers 0 and stores something else."""
        for record in self.read() if settings else ():
            wrong = changes_of(record.values, settings.get(record.key, {}))
            if wrong:
                key, value = next(iter(wrong.items()))
                raise SanError(f"node record {describe(record)}: {key} = {value} was stored as {record.values.get(key)}. Choose a value in the key's range.")


def _identity(node):
    """The values that make a record that of a node."""
    return {
        "node.name": node.target,
        "node.tpgt": "-1" if node.tpgt is None else str(node.tpgt),
        "node.conn[0].address": node.address,
        "node.conn[0].port": str(node.portal.port),
    }


def _settings(values):
    """What iscsiadm checks and stores: keys without a secret beside them."""
    return {key: value for key, value in values.items() if not _is_own(key)}


def _own(values):
    """What goes into the file by our own hand: CHAP as a whole, so that a name is never there with another's secret; the startup mode."""
    return {key: value for key, value in values.items() if _is_own(key)}


def _is_own(key):
    return key.startswith(AUTH) or key in STARTUP
