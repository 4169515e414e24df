"""The demo page: gradio around :class:`Demo`."""
import os
import socket
from typing import Any

from .demo import HEADERS, Demo

HELP = ('Things, then, after a semicolon, stuff. Commas between classes, `|` '
        'between synonyms: `ball|sphere, star; sand, water|sea`')


def import_gradio() -> Any:
    """gradio, told to make no calls to the network.

    Raises:
        ImportError: If it is not installed; says how to.
    """
    os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
    try:
        import gradio
    except ImportError as error:
        raise ImportError(
            f'the demo page needs gradio ({error}); in the top folder of the '
            'repository: pip install -e ".[demo]"') from error
    return gradio


def check_port(host: str, port: int) -> None:
    """Check that the page can be served, before the network is loaded.

    Raises:
        OSError: If another program has the port, or the host is not ours.
    """
    try:
        socket.create_server((host, port)).close()
    except (OSError, OverflowError) as error:
        raise OSError(f'host={host!r}, port={port}: no page can be served '
                      f'there ({error}); choose others with --host and '
                      '--port') from error


def build_page(demo: Demo) -> Any:
    """Lay out the page.

    Args:
        demo (Demo): Answers the questions.

    Returns:
        gradio.Blocks: Not launched.
    """
    gr = import_gradio()

    def answer(image, classes, alpha, score_thr):
        try:
            return demo.segment(image, classes, alpha, score_thr)
        except (OSError, ValueError) as error:
            raise gr.Error(str(error), print_exception=False) from error

    inferencer = demo.inferencer
    with gr.Blocks(title='DEARLi', analytics_enabled=False) as page:
        gr.Markdown('# DEARLi: panoptic segmentation with classes of your own')
        with gr.Row():
            with gr.Column():
                image = gr.Image(
                    label='Image', type='numpy', sources=['upload',
                                                          'clipboard'])
                classes = gr.Textbox(
                    inferencer.vocabulary.text, label='Classes', info=HELP,
                    lines=3)
                alpha = gr.Slider(
                    0, 1, inferencer.alpha, step=0.05, label='alpha',
                    info="weight of CLIP's zero-shot opinion")
                score_thr = gr.Slider(
                    0, 1, inferencer.score_thr, step=0.05,
                    label='score threshold')
                button = gr.Button('Segment', variant='primary')
            with gr.Column():
                picture = gr.Image(  # no 'share' button: it uploads
                    label='Segments', format='png', interactive=False,
                    buttons=['download', 'fullscreen'])
                table = gr.Dataframe(
                    headers=HEADERS, label='Segments', interactive=False)
        gr.on([button.click, classes.submit], answer,
              [image, classes, alpha, score_thr], [picture, table])
    return page


def launch_page(demo: Demo, host: str, port: int) -> None:
    """Serve the page until it is interrupted.

    Args:
        demo (Demo): Answers the questions.
        host (str): Address to listen at; ``0.0.0.0`` for all.
        port (int): Port.
    """
    page = build_page(demo)
    print(f'http://{host}:{port} (Ctrl-C stops)', flush=True)
    page.launch(
        server_name=host,
        server_port=port,
        share=False,
        ssr_mode=False,
        quiet=True,
        footer_links=[])
