import { render } from "preact";
import { App } from "./app";
import { load } from "./data";
import { setExplanations } from "./explain";
import "./style.css";

const data = load();
setExplanations(data.sweep ? { ...data.explanations, ...data.sweep.columns } : data.explanations);
const title = data.sweep?.name ?? data.runs.map((run) => run.result.name.slice(0, 60)).join(" and ");
document.title = `${title}: Tessera report`;
const place = document.getElementById("app");
if (place) render(<App data={data} />, place);
