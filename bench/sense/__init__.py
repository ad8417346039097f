"""Teaches what headers mean (`yibiao.matching.sense`): a language model that a package carries, and labelled forms.

    make train

`pieces` picks what words are made of, `prepare` turns forms into numbers with the project's own reader, `train` needs
PyTorch and nothing of the project, `outside` keeps what each form asks by the sense that forms of other origins teach.
"""
