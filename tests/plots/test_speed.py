from fxyd3 import plots

LABEL = "Simulated counts, measured seconds"


def test_each_step_has_a_bar_for_each_side_in_the_order_of_the_path() -> None:
    ours = {"steps": {"filter": 1.0, "groups": 0.5}, "seconds": 1.5}
    theirs = {"steps": {"filter": 3.0, "groups": 6.0}, "seconds": 9.0}
    axes = plots.speed({"fxyd3": ours, "scanpy": theirs}, label=LABEL)
    widths = [[bar.get_width() for bar in container] for container in axes.containers]
    assert widths == [[3.0, 6.0], [1.0, 0.5]]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["filter", "groups"]
    assert axes.yaxis_inverted(), "the first step stands on top"
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {
        "scanpy, its defaults: 9 s",
        "this chapter: 2 s",
    }
    assert LABEL in axes.figure.get_supxlabel()
