/* What the page does in the browser: links of answers, the source panel, copying, saving, feedback.
   Plain DOM, no library, no request to anywhere but this server. */
(() => {
  "use strict";

  const english = document.documentElement.lang === "en";
  const say = english
    ? { copied: "Copied", thanks: "Thank you. It was recorded.", failed: "It could not be recorded. Please try again later.",
        empty: "There is no conversation to save yet", close: "Close", back: "Back", send: "Send", answer: "Answer", question: "Your question",
        comment: "What was good, what was missing (optional)", login: "Please log in to administer", open: "Log in",
        panel: "Source", lost: "This could not be opened. Please try again.", file: "conversation", theme: "Theme" }
    : { copied: "コピーしました", thanks: "ありがとうございます。記録しました。", failed: "記録できませんでした。時間をおいてもう一度お試しください。",
        empty: "保存する会話がまだありません", close: "閉じる", back: "もどる", send: "送る", answer: "回答", question: "あなたの質問",
        comment: "どこがよかったか、足りなかったか（任意）", login: "管理にはログインが必要です", open: "ログイン",
        panel: "原文", lost: "開けませんでした。もう一度お試しください。", file: "会話", theme: "明るさ" };

  // Gradio chooses its words by the browser's language; the visitor's choice comes first here.
  try {
    const language = english ? "en" : "ja";
    Object.defineProperty(navigator, "language", { get: () => language });
    Object.defineProperty(navigator, "languages", { get: () => [language] });
  } catch (_) { /* the browser's language then stays */ }

  const $ = (selector, root = document) => root.querySelector(selector);
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  /* Light and dark */
  const dark = () => localStorage.getItem("shisaku-theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const paint = () => {
    const isDark = dark() === "dark";
    document.documentElement.classList.toggle("sk-dark", isDark);
    if (document.body && document.body.classList.contains("dark") !== isDark) document.body.classList.toggle("dark", isDark);
  };
  const switchTheme = () => { localStorage.setItem("shisaku-theme", dark() === "dark" ? "light" : "dark"); paint(); };

  /* A short message that a screen reader hears too */
  let toastTimer;
  const toast = (message) => {
    let box = $("#sk-toast");
    if (!box) { box = make("div", { id: "sk-toast", role: "status", "aria-live": "polite" }); document.body.append(box); }
    box.textContent = message;
    box.classList.add("sk-on");
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => box.classList.remove("sk-on"), 3500);
  };

  /* Tell Gradio: a hidden field and a hidden button carry the command of a link */
  const command = (field, button, text) => {
    const input = $(`#${field} textarea, #${field} input`);
    const run = $(`#${button}`);
    if (!input || !run) return;
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    (run.tagName === "BUTTON" ? run : $("button", run) ?? run).click();
  };

  /* The panel at the side: sources and measures */
  let panel, trail = [];
  const openPanel = async (address, keep = true) => {
    panel ??= buildPanel();
    const url = new URL(address, location.href);
    const hash = url.hash;
    url.searchParams.set("part", "1");
    const body = $(".sk-panel-body", panel);
    let html;
    try {
      const response = await fetch(url, { headers: { accept: "text/html" } });
      html = await response.text();
      if (!response.ok && response.status !== 404) throw new Error(String(response.status));
    } catch (_) { toast(say.lost); return; }
    if (keep) trail.push(address);
    body.innerHTML = html;
    $(".sk-back", panel).hidden = trail.length < 2;
    if (!panel.open) panel.showModal();
    body.scrollTop = 0;
    const mark = hash === "#quoted" && $("#quoted", body);
    if (mark) mark.scrollIntoView({ block: "center" });
    const title = $("h2", body);
    panel.setAttribute("aria-label", title ? title.textContent : say.panel);
  };
  const buildPanel = () => {
    const close = make("button", { type: "button", class: "sk-close" }, `${say.close} ×`);
    const back = make("button", { type: "button", class: "sk-back" }, `← ${say.back}`);
    const dialog = make("dialog", { id: "sk-panel" }, make("div", { class: "sk-panel-head" }, back, close), make("div", { class: "sk-panel-body" }));
    close.addEventListener("click", () => dialog.close());
    back.addEventListener("click", () => { trail.pop(); openPanel(trail[trail.length - 1], false); });
    dialog.addEventListener("close", () => { trail = []; });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
    return dialog;
  };

  /* Copy, save, print */
  const markdownOf = (answer) => $(".sk-md", answer)?.textContent ?? "";
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); } catch (_) {
      const area = make("textarea", { class: "sk-hidden" });
      area.value = text; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    toast(say.copied);
  };
  const save = () => {
    const parts = [...document.querySelectorAll("#sk-chat .sk-answer")].map(markdownOf).filter(Boolean);
    if (!parts.length) { toast(say.empty); return; }
    const text = `# Shisaku ${say.file} ${new Date().toLocaleString(english ? "en" : "ja-JP")}\n\n${parts.join("\n\n---\n\n")}\n`;
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/markdown" })), download: `shisaku-${new Date().toISOString().slice(0, 10)}.md` });
    document.body.append(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const print = (answer) => {
    const row = answer.closest(".message-row, .bot-row") ?? answer;
    const all = [...document.querySelectorAll("#sk-chat .message-row")];
    const at = all.indexOf(row);
    all.forEach((r, i) => r.classList.toggle("sk-unprinted", at >= 0 && i !== at && i !== at - 1));
    window.print();
    all.forEach((r) => r.classList.remove("sk-unprinted"));
  };

  /* Feedback */
  const post = (path, data) => fetch(path, {
    method: "POST", headers: { "content-type": "application/json" }, body: data === undefined ? undefined : JSON.stringify(data) });
  const rate = async (link, answerId, rating) => {
    const send = (comment) => post("/feedback", { answer_id: answerId, rating, comment }).then((r) => toast(r.ok ? say.thanks : say.failed), () => toast(say.failed));
    await send("");
    const tools = link.closest(".sk-tools");
    if (!tools || !tools.isConnected) return;
    tools.querySelectorAll(".sk-rate a").forEach((a) => { a.classList.toggle("sk-chosen", a === link); });
    tools.parentElement.querySelector(".sk-comment")?.remove();
    const field = make("textarea", { rows: "2", maxlength: "2000", "aria-label": say.comment, placeholder: say.comment });
    const form = make("form", { class: "sk-comment" }, field, make("button", { type: "submit", class: "sk-button" }, say.send));
    form.addEventListener("submit", async (event) => { event.preventDefault(); await send(field.value); form.remove(); });
    tools.after(form);
    field.focus();
  };

  /* Administration */
  let adminTimer;
  const admin = async () => {
    const box = $("#sk-admin");
    if (!box) return;
    const session = await fetch("/session").then((r) => r.json()).catch(() => null);
    if (session?.role === "admin") {
      const response = await fetch("/admin/panel").catch(() => null);
      box.innerHTML = response?.ok ? await response.text() : "";
      if (!response?.ok) box.textContent = say.lost;
      clearTimeout(adminTimer);
      if ($('.sk-progress[data-state="running"]', box)) adminTimer = setTimeout(admin, 700);
      return;
    }
    const told = make("div", { class: "sk-empty" }, make("p", {}, session?.reason ?? say.login));
    if (session?.administration) told.append(make("p", {}, make("a", { class: "sk-button", href: "/login" }, say.open)));
    box.replaceChildren(told);
  };
  const adminAct = async (button) => {
    button.disabled = true;
    const response = await post(button.dataset.post).catch(() => null);
    if (!response || !response.ok) toast((await response?.json().catch(() => null))?.detail ?? say.lost);
    admin();
  };

  /* Links */
  const follow = (link, event) => {
    const address = link.getAttribute("href") ?? "";
    const [kind, ...rest] = address.replace(/^#/, "").split("/");
    const actions = {
      ask: () => { command("sk-command", "sk-run", `ask/${rest.join("/")}`); link.closest("dialog")?.close(); },
      drop: () => command("sk-command", "sk-run", `drop/${rest.join("/")}`),
      filter: () => command("sk-filter-command", "sk-filter-run", rest.join("/")),
      copy: () => copy(markdownOf(document.getElementById(`a-${rest[0]}`))),
      print: () => print(document.getElementById(`a-${rest[0]}`)),
      rate: () => rate(link, rest[0], rest[1]),
      theme: switchTheme,
      question: () => $("#sk-question textarea")?.focus(),
      logout: () => post("/logout").finally(() => location.assign("/")),
    };
    if (address.startsWith("#") && actions[kind]) { event.preventDefault(); actions[kind](); return; }
    if (/^\/(source|measure)\?/.test(address) && !document.body.classList.contains("sk-page")) { event.preventDefault(); openPanel(address); return; }
    if (/^\/(language|login)/.test(address)) { event.preventDefault(); location.assign(address); return; }
    if (/^\/(export|admin)\//.test(address)) link.removeAttribute("target");
  };
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const button = event.target.closest?.("button[data-post]");
    if (button) { adminAct(button); return; }
    if (event.target.closest?.("#sk-save")) { save(); return; }
    const link = event.target.closest?.("a[href]");
    if (link) follow(link, event);
  }, true);

  /* Enter that ends a conversion of an input method must not send */
  for (const type of ["keydown", "keypress"]) {
    document.addEventListener(type, (event) => {
      if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopImmediatePropagation();
    }, true);
  }

  /* What Gradio leaves to be said better */
  const label = (element, name, value) => { if (element.getAttribute(name) !== value) element.setAttribute(name, value); };
  let questions = 0;
  const tend = () => {
    paint();
    const log = $("#sk-chat [role=log]");
    if (log) label(log, "aria-live", "off"); // the status line announces; the log is not read again and again
    const status = $("#sk-status .prose"); // not its parent, where Gradio counts seconds
    if (status) { label(status, "role", "status"); label(status, "aria-live", "polite"); }
    document.querySelectorAll("#sk-chat [data-testid=bot]").forEach((e) => label(e, "aria-label", say.answer));
    document.querySelectorAll("#sk-chat [data-testid=user]").forEach((e) => label(e, "aria-label", say.question));
    const box = $("#sk-question textarea");
    if (box) label(box, "aria-label", box.placeholder);
    document.querySelectorAll("a.sk-cite, a.sk-chip, a.sk-ask, a.sk-tool, .sk-header a, .sk-card a, .sk-table a, .sk-heat a").forEach((a) => {
      if (a.target) a.removeAttribute("target");
    });
    const rows = document.querySelectorAll("#sk-chat .user-row");
    document.body.classList.toggle("sk-started", rows.length > 0);
    if (rows.length > questions) rows[rows.length - 1].scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    questions = rows.length;
    if ($("#sk-admin") && $("#sk-admin").childElementCount === 0 && $("#sk-admin").offsetParent) { $("#sk-admin").append(make("p")); admin(); }
  };
  let tending = false;
  const soon = () => { if (tending) return; tending = true; requestAnimationFrame(() => { tending = false; tend(); }); };
  paint();
  document.addEventListener("DOMContentLoaded", () => {
    paint();
    new MutationObserver(soon).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label", "aria-selected", "class"] });
    soon();
  });
})();
