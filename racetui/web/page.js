// Tells textual.js, which starts when the page has loaded, where its panel is: beside this page, whatever tunnel or
// proxy leads here. ?fontsize=12 makes room for more of it.
const page = new URL(window.location.href);
const terminal = document.getElementById("terminal");
const socket = new URL("ws", page.origin + page.pathname);
socket.protocol = page.protocol === "https:" ? "wss:" : "ws:";
terminal.dataset.sessionWebsocketUrl = socket.href;
const size = Number(page.searchParams.get("fontsize"));
if (size >= 6 && size <= 40) terminal.dataset.fontSize = String(size);
document.getElementById("again").addEventListener("click", () => window.location.reload());

// Keys go to the panel from the start, without a click.
const focus = () => document.querySelector(".xterm-helper-textarea")?.focus();
window.addEventListener("load", () => setTimeout(focus));
window.addEventListener("focus", focus);
