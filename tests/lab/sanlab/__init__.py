"""The test lab: QEMU guests that are an iSCSI array and its initiators."""
