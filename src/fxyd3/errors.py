"""The one error a user should ever see."""


class InputError(ValueError):
    """Bad input, told in one sentence: what is wrong, where, and what to do.

    The command line prints it and ends with exit code 2; a chapter shows it on its page.
    """
