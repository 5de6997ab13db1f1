"""Sphinx settings of the docsite; `make docs` writes the plugins' pages and builds it all into build/docs/html."""

from __future__ import annotations

project = "linuxsan.host"
copyright = "linuxsan contributors"  # pylint: disable=redefined-builtin
html_title = html_short_title = "linuxsan.host documentation"

extensions = ["sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_copy_source = False
html_show_sphinx = False
html_use_index = False

# The build needs no network, so labels in Ansible's own documentation are not looked up. antsibull-docs has
# already checked every reference to an option, a return value or a plugin.
suppress_warnings = ["ref.ref"]
