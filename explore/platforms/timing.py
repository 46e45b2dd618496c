"""Median and spread of repeated runs on a GPU, without the time of launching."""
import statistics

import torch


def graph_of(call, count):
    """`count` calls as one graph, or None where a library cannot be captured."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, stream=stream):
            for _ in range(count):
                call()
    except RuntimeError:
        torch.cuda.synchronize()
        return None
    return graph


def spans(run, count, runs):
    """Microseconds of one call, in each of `runs` runs of `count` calls."""
    events = [torch.cuda.Event(enable_timing=True) for _ in range(runs + 1)]
    run()
    events[0].record()
    for event in events[1:]:
        run()
        event.record()
    torch.cuda.synchronize()
    return [1000 * a.elapsed_time(b) / count for a, b in zip(events, events[1:])]


def measure(call, runs=15, least_us=200.0, most=40):
    """Median, least and greatest microseconds of a call. A run is up to `most` calls: about `least_us`, several
    times what it takes to start a graph."""
    for _ in range(2):
        call()
    torch.cuda.synchronize()
    once = min(spans(call, 1, 3))
    count = most if once < least_us / 4 else max(1, min(most, round(least_us / once)))
    graph = graph_of(call, count)

    def many():
        for _ in range(count):
            call()

    times = spans(graph.replay if graph else many, count, runs)
    return {
        "median_us": statistics.median(times),
        "least_us": min(times),
        "greatest_us": max(times),
        "runs": runs,
        "graph": int(graph is not None),
    }
