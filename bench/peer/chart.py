"""The ratios as a bar chart in SVG."""
import html


def draw(rows, result):
    return "<svg xmlns='http://www.w3.org/2000/svg'/>"
