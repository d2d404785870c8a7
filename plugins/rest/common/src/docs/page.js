// Reads an OpenAPI document of this node, shows its operations, and sends requests to them. Everything that comes from a
// document or an answer is written as text, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];
const DEPTH_MAX = 6;

const byId = (id) => document.getElementById(id);

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "class") made.className = value;
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

// What a reference points to within the document.
function resolved(api, value) {
  for (let hops = 0; value && value.$ref && hops < DEPTH_MAX; hops++) {
    const path = value.$ref.replace(/^#\//, "").split("/");
    value = path.reduce((found, part) => found && found[part.replace(/~1/g, "/").replace(/~0/g, "~")], api);
  }
  return value || {};
}

// A value that fits a schema, to begin with.
function example(api, schema, depth) {
  const shape = resolved(api, schema);
  if (shape.example !== undefined) return shape.example;
  if (shape.default !== undefined) return shape.default;
  if (shape.enum) return shape.enum[0];
  if (depth > DEPTH_MAX) return null;
  const parts = shape.allOf;
  if (parts) return Object.assign({}, ...parts.map((part) => example(api, part, depth + 1)));
  const choice = (shape.oneOf || shape.anyOf || []).find((one) => one.type !== "null");
  if (choice) return example(api, choice, depth + 1);
  const type = Array.isArray(shape.type) ? shape.type.find((one) => one !== "null") : shape.type;
  if (type === "array") return [example(api, shape.items, depth + 1)];
  if (type === "object" || shape.properties) {
    const entries = Object.entries(shape.properties || {});
    return Object.fromEntries(entries.map(([name, property]) => [name, example(api, property, depth + 1)]));
  }
  return { string: "", integer: 0, number: 0, boolean: false }[type] ?? null;
}

function parameterRow(api, given) {
  const parameter = resolved(api, given);
  const input = element("input", { autocomplete: "off" });
  const schema = resolved(api, parameter.schema);
  if (parameter.in === "path" || parameter.required) input.required = true;
  if (schema.default !== undefined) input.placeholder = String(schema.default);
  const note = [parameter.in, parameter.required ? "required" : "", parameter.description || ""].filter(Boolean);
  const label = element("span", {}, element("code", {}, parameter.name), " ",
    element("span", { class: "note" }, note.join(", ")));
  return { parameter, input, row: element("label", { class: "parameter" }, label, input) };
}

// The body's type, and where the user writes it.
function bodyEditor(api, operation) {
  const content = resolved(api, operation.requestBody).content || {};
  const types = Object.keys(content);
  if (types.length === 0) return null;
  const type = types.includes("application/json") ? "application/json" : types[0];
  if (type === "multipart/form-data") {
    const fields = Object.entries(resolved(api, content[type].schema).properties || { file: {} });
    const inputs = fields.map(([name, schema]) => {
      const shape = resolved(api, schema);
      const item = resolved(api, shape.items || shape);
      const isFile = item.format === "binary" || item.contentMediaType !== undefined || name.startsWith("file");
      return { name, input: element("input", { type: isFile ? "file" : "text", multiple: shape.type === "array" }) };
    });
    const rows = inputs.map(({ name, input }) => element("label", { class: "parameter" }, element("code", {}, name), input));
    return { view: element("div", {}, ...rows), type: null, read: () => formData(inputs) };
  }
  const start = JSON.stringify(example(api, content[type].schema, 0), null, 2);
  const editor = element("textarea", { value: start, spellcheck: false });
  return { view: editor, type, read: () => editor.value };
}

function formData(inputs) {
  const form = new FormData();
  for (const { name, input } of inputs) {
    if (input.type === "file") for (const file of input.files) form.append(name, file);
    else if (input.value !== "") form.append(name, input.value);
  }
  return form;
}

function target(path, rows) {
  const query = new URLSearchParams();
  for (const { parameter, input } of rows) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === "query" && input.value !== "") query.append(parameter.name, input.value);
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

function headers(rows, body) {
  const sent = new Headers();
  if (body && body.type) sent.set("Content-Type", body.type);
  for (const [id, name] of [["api-key", "X-API-Key"], ["authorization", "Authorization"]]) {
    if (byId(id).value !== "") sent.set(name, byId(id).value);
  }
  for (const { parameter, input } of rows) {
    if (parameter.in === "header" && input.value !== "") sent.set(parameter.name, input.value);
  }
  return sent;
}

async function send(method, path, rows, body, output) {
  output.textContent = "…";
  const withBody = body && !["get", "head"].includes(method);
  try {
    const answer = await fetch(target(path, rows), {
      method: method.toUpperCase(),
      headers: headers(rows, withBody ? body : null),
      body: withBody ? body.read() : undefined,
      credentials: "same-origin",
    });
    const text = await answer.text();
    const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    output.textContent = `${answer.status} ${answer.statusText}\n${head}\n\n${pretty(text)}`;
  } catch (error) {
    output.textContent = String(error);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function operationView(api, path, method, operation, shared) {
  const summary = element("summary", {},
    element("span", { class: `method ${method}` }, method.toUpperCase()), " ",
    element("span", { class: "path" }, path), " ",
    element("span", { class: "note" }, operation.summary || ""));
  const view = element("details", {}, summary);
  view.dataset.text = `${method} ${path} ${operation.summary || ""}`.toLowerCase();
  // The inside is made when somebody looks: a document has hundreds of operations.
  view.addEventListener("toggle", () => {
    if (view.open && view.children.length === 1) view.append(...inside(api, path, method, operation, shared));
  });
  return view;
}

function inside(api, path, method, operation, shared) {
  const rows = [...shared, ...(operation.parameters || [])].map((given) => parameterRow(api, given));
  const body = bodyEditor(api, operation);
  const output = element("pre", {});
  const button = element("button", { type: "button" }, "Send");
  button.addEventListener("click", () => send(method, path, rows, body, output));
  const answers = Object.entries(operation.responses || {}).map(([code, answer]) =>
    element("li", {}, element("code", {}, code), " ", resolved(api, answer).description || ""));
  return [
    element("p", {}, operation.description || ""),
    ...rows.map(({ row }) => row),
    ...(body ? [body.view] : []),
    element("p", {}, button),
    output,
    element("ul", { class: "note" }, ...answers),
  ];
}

function show(api) {
  byId("about").textContent = `${api.info.title} ${api.info.version}${api.info.description ? ": " + api.info.description : ""}`;
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths || {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = (item[method].tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operationView(api, path, method, item[method], item.parameters || []));
    }
  }
  const sections = [...groups].map(([tag, views]) => element("section", {}, element("h2", {}, tag), ...views));
  byId("operations").replaceChildren(...sections);
  return [...groups.keys()];
}

function filter() {
  const wanted = byId("find").value.toLowerCase();
  for (const view of document.querySelectorAll("details")) view.hidden = !view.dataset.text.includes(wanted);
}

async function load(source) {
  byId("source").href = source;
  byId("source").textContent = source;
  const answer = await fetch(source);
  return show(await answer.json());
}

async function start() {
  const choice = byId("document");
  byId("find").addEventListener("input", filter);
  choice.addEventListener("change", () => load(choice.value).then(filter));
  try {
    for (const plugin of await load("/openapi.json")) {
      choice.append(element("option", { value: `/openapi/${plugin}.json` }, plugin));
    }
  } catch (error) {
    byId("operations").textContent = `The document cannot be read: ${error}`;
  }
}

start();
