"""model.py -- scripted model servers: Anthropic Messages, OpenAI Responses
and Chat Completions.

A script is a JSON list of steps, FOLDER/KEY.json for the API key KEY:
    {"read": "/path"}      the agent's own file-reading tool, or its shell
    {"shell": "command"}   the agent's shell tool
    {"say": "text"}        the end of the turn
Which step is next follows from the request alone (how many tool results it
carries), so servers keep no state and any number of agents may run at once.
A request without tools (titles, summaries, counting) gets a short text.
"""
import json
import os
import time


def _script(folder, key):
    safe = "".join(c for c in key if c.isalnum() or c in "-_")
    try:
        with open(os.path.join(folder, safe + ".json"), encoding="utf-8") as f:
            return json.load(f)
    except OSError:
        return [{"say": "I have no script."}]


def _step(script, n):
    return script[n] if n < len(script) else {"say": "done"}


def _key(rq):
    bearer = rq.get("authorization")
    if bearer.lower().startswith("bearer "):
        return bearer[7:]
    return rq.get("x-api-key", "none")


# How a step is said with the tools that an agent offers.
def _call(step, tools):
    """(tool, arguments) for a step, by the names of the tools offered."""
    command = step.get("shell")
    if "read" in step:
        path = step["read"]
        if "Read" in tools:
            return "Read", {"file_path": path}
        if "read" in tools:
            return "read", {"filePath": path}
        command = f"cat {path}"
    if "Bash" in tools:
        return "Bash", {"command": command, "description": "scripted"}
    if "bash" in tools:
        return "bash", {"command": command, "description": "scripted"}
    if "exec_command" in tools:
        return "exec_command", {"cmd": command}
    if "exec" in tools:         # a program that calls tools, in JavaScript
        return "exec", ("const r = await tools.exec_command({cmd: " +
                        json.dumps(command) + "}); text(r.output);")
    if "shell_command" in tools:
        return "shell_command", {"command": command}
    if "shell" in tools:
        return "shell", {"command": ["bash", "-c", command]}
    return None, None


# ---- Anthropic Messages ----
def _results(messages):
    n = 0
    for m in messages:
        if isinstance(m.get("content"), list):
            n += sum(1 for b in m["content"] if b.get("type") == "tool_result")
    return n


def _anthropic_block(body, script):
    tools = {t.get("name") for t in body.get("tools", [])}
    step = _step(script, _results(body.get("messages", [])))
    if not tools:
        return {"type": "text", "text": "ok"}
    if "say" in step:
        return {"type": "text", "text": step["say"]}
    name, args = _call(step, tools)
    if name is None:
        return {"type": "text", "text": "ok"}
    ident = f"toolu_{_results(body['messages']):04d}"
    return {"type": "tool_use", "id": ident, "name": name, "input": args}


def _message(body, block):
    return {"id": "msg_world", "type": "message", "role": "assistant",
            "model": body.get("model", "pretend"), "content": [block],
            "stop_reason": "tool_use" if block["type"] == "tool_use"
            else "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 10, "output_tokens": 10}}


def _event(conn, value):
    conn.chunk(f"event: {value['type']}\ndata: {json.dumps(value)}\n\n")


def _anthropic_stream(conn, message):
    block = message["content"][0]
    start = dict(message, content=[], stop_reason=None)
    empty = dict(block, text="") if block["type"] == "text" else \
        dict(block, input={})
    delta = {"type": "text_delta", "text": block.get("text")} \
        if block["type"] == "text" else \
        {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    conn.start_chunks()
    _event(conn, {"type": "message_start", "message": start})
    _event(conn, {"type": "content_block_start", "index": 0,
                  "content_block": empty})
    _event(conn, {"type": "ping"})
    _event(conn, {"type": "content_block_delta", "index": 0, "delta": delta})
    _event(conn, {"type": "content_block_stop", "index": 0})
    _event(conn, {"type": "message_delta",
                  "delta": {"stop_reason": message["stop_reason"],
                            "stop_sequence": None},
                  "usage": {"output_tokens": 10}})
    _event(conn, {"type": "message_stop"})
    conn.end_chunks()


def anthropic(folder):
    def handler(rq):
        if rq.path == "/v1/messages/count_tokens":
            return rq.conn.reply_json({"input_tokens": 10})
        if rq.path != "/v1/messages" or rq.method != "POST":
            return rq.conn.reply_json({"type": "error", "error": {
                "type": "not_found_error", "message": rq.path}}, 404)
        body = rq.json()
        message = _message(body, _anthropic_block(
            body, _script(folder, _key(rq))))
        if body.get("stream"):
            return _anthropic_stream(rq.conn, message)
        return rq.conn.reply_json(message)
    return handler


# ---- OpenAI Responses ----
def _tool_names(tools):
    out = set()
    for t in tools:
        if t.get("type") == "namespace":
            out |= _tool_names(t.get("tools", []))
        else:
            out.add(t.get("name") or t.get("function", {}).get("name"))
    return out


def _offered(body):
    """Tools of a request; newer clients put them among the input."""
    tools = list(body.get("tools", []))
    for item in body.get("input", []):
        if isinstance(item, dict) and item.get("type") == "additional_tools":
            tools += item.get("tools", [])
    return _tool_names(tools)


def _responses_item(body, script):
    done = sum(1 for i in body.get("input", []) if isinstance(i, dict) and
               i.get("type") in ("function_call_output",
                                 "custom_tool_call_output"))
    step = _step(script, done)
    name, args = (None, None) if "say" in step else \
        _call(step, _offered(body))
    if name is None:
        return {"type": "message", "id": f"msg_{done}", "role": "assistant",
                "status": "completed", "content": [{
                    "type": "output_text", "annotations": [],
                    "text": step.get("say", "ok")}]}
    if isinstance(args, str):
        return {"type": "custom_tool_call", "id": f"ctc_{done}", "name": name,
                "call_id": f"call_{done:04d}", "status": "completed",
                "input": args}
    return {"type": "function_call", "id": f"fc_{done}", "name": name,
            "call_id": f"call_{done:04d}", "status": "completed",
            "arguments": json.dumps(args)}


def _responses(rq, folder):
    body = rq.json()
    item = _responses_item(body, _script(folder, _key(rq)))
    response = {"id": "resp_world", "object": "response",
                "created_at": int(time.time()), "status": "completed",
                "model": body.get("model", "pretend"), "output": [item],
                "usage": {"input_tokens": 10, "output_tokens": 10,
                          "total_tokens": 20,
                          "input_tokens_details": {"cached_tokens": 0},
                          "output_tokens_details": {"reasoning_tokens": 0}}}
    if not body.get("stream"):
        return rq.conn.reply_json(response)
    rq.conn.start_chunks()
    opened = dict(response, status="in_progress", output=[], usage=None)
    bare = dict(item, status="in_progress")
    events = [{"type": "response.created", "response": opened}]
    if item["type"] == "function_call":
        events += [
            {"type": "response.output_item.added", "output_index": 0,
             "item": dict(bare, arguments="")},
            {"type": "response.function_call_arguments.delta",
             "output_index": 0, "item_id": item["id"],
             "delta": item["arguments"]},
            {"type": "response.function_call_arguments.done",
             "output_index": 0, "item_id": item["id"],
             "arguments": item["arguments"]}]
    elif item["type"] == "custom_tool_call":
        events += [{"type": "response.output_item.added", "output_index": 0,
                    "item": dict(bare, input="")}]
    else:
        where = {"output_index": 0, "content_index": 0,
                 "item_id": item["id"]}
        text = item["content"][0]["text"]
        events += [
            {"type": "response.output_item.added", "output_index": 0,
             "item": dict(bare, content=[])},
            {"type": "response.content_part.added", **where,
             "part": dict(item["content"][0], text="")},
            {"type": "response.output_text.delta", **where, "delta": text},
            {"type": "response.output_text.done", **where, "text": text},
            {"type": "response.content_part.done", **where,
             "part": item["content"][0]}]
    events += [{"type": "response.output_item.done", "output_index": 0,
                "item": item},
               {"type": "response.completed", "response": response}]
    for n, value in enumerate(events):
        _event(rq.conn, dict(value, sequence_number=n))
    return rq.conn.end_chunks()


# ---- OpenAI Chat Completions ----
def _chat(rq, folder):
    body = rq.json()
    done = sum(1 for m in body.get("messages", []) if m.get("role") == "tool")
    step = _step(_script(folder, _key(rq)), done)
    name, args = (None, None) if "say" in step else \
        _call(step, _tool_names(body.get("tools", [])))
    if name is None:
        delta, why = {"role": "assistant",
                      "content": step.get("say", "ok")}, "stop"
    else:
        delta, why = {"role": "assistant", "tool_calls": [{
            "index": 0, "id": f"call_{done:04d}", "type": "function",
            "function": {"name": name, "arguments": json.dumps(args)}}]}, \
            "tool_calls"
    head = {"id": "chat_world", "created": int(time.time()),
            "model": body.get("model", "pretend")}
    usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
    if not body.get("stream"):
        return rq.conn.reply_json(dict(
            head, object="chat.completion", usage=usage,
            choices=[{"index": 0, "message": delta, "finish_reason": why}]))
    rq.conn.start_chunks()
    for value in ({"delta": delta, "finish_reason": None},
                  {"delta": {}, "finish_reason": why}):
        rq.conn.chunk("data: " + json.dumps(dict(
            head, object="chat.completion.chunk",
            choices=[dict(value, index=0)])) + "\n\n")
    rq.conn.chunk("data: [DONE]\n\n")
    return rq.conn.end_chunks()


def openai(folder):
    def handler(rq):
        if rq.get("upgrade").lower() == "websocket":
            return rq.conn.reply(426, "speak HTTP\n")
        if rq.path == "/v1/responses" and rq.method == "POST":
            return _responses(rq, folder)
        if rq.path == "/v1/chat/completions" and rq.method == "POST":
            return _chat(rq, folder)
        if rq.path == "/v1/models":
            return rq.conn.reply_json({"object": "list", "data": [
                {"id": "gpt-5", "object": "model", "owned_by": "world"}]})
        return rq.conn.reply_json({"error": {"message": rq.path}}, 404)
    return handler


def catalogue(rq):
    """models.dev: nothing, so that clients use what they ship."""
    rq.conn.reply_json({}, 404)
