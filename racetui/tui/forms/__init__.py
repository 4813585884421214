"""The panel's forms: what a person is asked before something is done."""
