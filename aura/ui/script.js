/* Language and theme switches, shortcuts, the drop of a picture, and names for the few
   controls that carry none. Everything else is the server's. */
(() => {
  const NAMES = __NAMES__;
  const lang = document.documentElement.lang || "en";
  const name = (key) => (NAMES[lang] || NAMES.en)[`ui.name.${key}`] || "";
  const byId = (id) => document.getElementById(id);
  const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private */ } };
  const kept = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const shown = (element) => !!element && element.offsetParent !== null;

  /* --- switches */

  const switchTheme = () => {
    const dark = !document.body.classList.contains("dark");
    document.body.classList.toggle("dark", dark);
    document.documentElement.classList.toggle("dark", dark);
    document.documentElement.style.background = "";
    keep("aura-theme", dark ? "dark" : "light");
  };

  const switchLanguage = (code) => {
    keep("aura-lang", code);
    location.reload();
  };

  const wide = () => window.innerWidth >= 1500;
  const sideOpen = () => (kept("aura-side") ? kept("aura-side") === "open" : wide());
  const showSide = () => {
    document.documentElement.classList.toggle("aura-side-open", sideOpen());
    for (const button of document.querySelectorAll('[data-act="details"]')) {
      button.setAttribute("aria-expanded", String(sideOpen()));
    }
  };
  const toggleSide = () => {
    keep("aura-side", sideOpen() ? "closed" : "open");
    showSide();
  };

  /* The sheet is the server's to open and to close; where the keyboard is, is ours. */
  const sheet = () => byId("aura-memory-sheet");
  const pressMemory = () => document.querySelector(".aura-opener")?.click();
  let before = null;
  const followSheet = () => {
    const now = sheet(), at = document.activeElement;
    if (now && !before) {
      before = at && at !== document.body ? at : document.querySelector(".aura-opener");
      now.focus();
    } else if (now && at === document.body) now.focus(); // what had it is gone
    else if (!now && before) {
      before.focus();
      before = null;
    }
  };
  const moment = (by) => {
    const at = document.activeElement;
    const next = by < 0 ? at.previousElementSibling : at.nextElementSibling;
    if (!at.matches(".aura-moment")) return false;
    if (next && next.matches(".aura-moment")) next.focus();
    return true;
  };

  /* The server writes parts of the page anew, and with them the button that was pressed: the
     same button gets the focus back, or what is in its place. A click elsewhere gives it up. */
  let held = null;
  const DOORS = "button, a[href], input[data-slide]";
  const doors = (part) => [...part.querySelectorAll(DOORS)];
  const same = (one, other) => JSON.stringify(one.dataset) === JSON.stringify(other.dataset);
  document.addEventListener("pointerdown", () => { held = null; }, true);
  document.addEventListener("focusin", ({ target }) => {
    const part = target.matches(DOORS) && target.closest("[id]:not(button, a)");
    held = part && { target, part: part.id, place: doors(part).indexOf(target) };
  });
  const keepFocus = () => {
    if (!held || held.target.isConnected || document.activeElement !== document.body) return;
    const now = byId(held.part) ? doors(byId(held.part)) : [];
    const next = now.find((door) => same(door, held.target)) || now[Math.min(held.place, now.length - 1)];
    if (next) next.focus();
  };

  /* Progress ticks; who listens is told of a new stage or the end alone, of what is on view. */
  const heard = document.createElement("p");
  heard.className = "aura-unseen";
  heard.setAttribute("role", "status");
  const announce = () => {
    const told = [...document.querySelectorAll("#aura-progress [data-say], #aura-models-list [data-say]")];
    const said = told.filter(shown).map((part) => part.dataset.say).join(". ");
    if (heard.textContent !== said) heard.textContent = said;
  };

  /* The arrows of a row of tabs are its own. */
  const turn = (by) => {
    const at = document.activeElement, row = at.closest("[role=tablist]");
    if (!row) return false;
    const tabs = [...row.querySelectorAll("[role=tab]")].filter(shown);
    const next = tabs[tabs.indexOf(at) + by];
    if (next) { next.focus(); next.click(); }
    return true;
  };

  const openHelp = () => { const d = byId("aura-help-dialog"); if (d && !d.open) d.showModal(); };
  const expand = () => {
    const stage = byId("aura-stage");
    if (document.fullscreenElement) document.exitFullscreen();
    else if (stage && stage.requestFullscreen) stage.requestFullscreen();
  };

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    const language = at("[data-lang]");
    if (language) switchLanguage(language.dataset.lang);
    else if (at("#aura-theme")) switchTheme();
    else if (at('[data-act="details"]')) toggleSide();
    else if (at('[data-act="help"]')) openHelp();
    else if (at('[data-act="picture"]')) pressMemory();
    else if (at('[data-act="expand"]')) expand();
    else if (at('[data-act="choose"]')) byId("aura-start-file")?.click();
    else if (event.target.id === "aura-help-dialog") event.target.close();
  });

  /* --- shortcuts */

  const press = (id) => {
    const found = byId(id);
    const button = found && (found.matches("button") ? found : found.querySelector("button"));
    if (button && !button.disabled && shown(button)) button.click();
    return !!button;
  };

  const browse = (by) => {
    const thumbs = [...document.querySelectorAll("#aura-strip .aura-thumb")];
    if (!thumbs.length) return;
    const now = thumbs.findIndex((thumb) => thumb.hasAttribute("aria-current"));
    const next = thumbs[Math.min(thumbs.length - 1, Math.max(0, now + by))];
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    next.click();
  };

  const typing = (target) => target.matches("input, textarea, select, [contenteditable]");

  /* What was typed reaches the server only once the field has told Gradio. */
  const draw = () => setTimeout(() => press("aura-draw"), 60);

  const plainKeys = {
    "?": openHelp,
    f: expand,
    i: toggleSide,
    m: pressMemory,
    ArrowLeft: () => turn(-1) || moment(-1) || browse(-1),
    ArrowRight: () => turn(1) || moment(1) || browse(1),
  };

  document.addEventListener("keydown", (event) => {
    const dialog = byId("aura-help-dialog");
    if (dialog && dialog.open) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      draw();
    } else if (event.key === "Escape" && !document.fullscreenElement) {
      const list = document.querySelector("ul.options");
      if (sheet()) pressMemory();
      else if (shown(byId("aura-easel"))) press("aura-easel-cancel");
      else if (!shown(list)) press("aura-stop");
    } else if (event.altKey && /^[1-9]$/.test(event.key)) {
      const tab = document.querySelectorAll("#aura-tabs > .tab-wrapper button[role=tab]")[event.key - 1];
      if (tab) { event.preventDefault(); tab.click(); }
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
      const act = plainKeys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (act) { event.preventDefault(); act(); }
    }
  }, true);

  /* --- a model is made ready once somebody begins to write, not at every key */

  let warmed = "", pause = 0;
  const writes = (event) => !!event.target.closest?.("#aura-prompt");
  const warm = () => {
    const model = document.querySelector("#aura-model input")?.value || "";
    if (model === warmed) return;
    warmed = model;
    document.querySelector('[data-act="warm"]')?.click();
  };
  document.addEventListener("focusin", (event) => { if (writes(event)) warmed = ""; });
  document.addEventListener("input", (event) => {
    if (!writes(event)) return;
    clearTimeout(pause);
    pause = setTimeout(warm, 400);
  });

  /* --- a picture dropped anywhere gives its settings back; dropped where it is asked for, or
     pasted, it is what to start from */

  const upload = (id, file) => {
    const input = byId(id)?.previousElementSibling; // Gradio puts it before its button
    if (!input?.matches("input[type=file]") || !file) return;
    const one = new DataTransfer();
    one.items.add(file);
    input.files = one.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files || [])].find(({ type }) => type.startsWith("image/"));
    if (!file || !shown(byId("aura-draw"))) return;
    event.preventDefault();
    upload("aura-start-file", file);
  });

  let depth = 0;
  const veil = (on) => document.documentElement.classList.toggle("aura-dropping", on);
  const carriesFile = (event) => [...(event.dataTransfer?.types || [])].includes("Files");

  document.addEventListener("dragenter", (e) => { if (carriesFile(e)) { depth += 1; veil(true); } });
  document.addEventListener("dragleave", (e) => {
    if (carriesFile(e)) { depth = Math.max(0, depth - 1); if (!depth) veil(false); }
  });
  const starts = (event) => !!event.target.closest?.("#aura-start");
  document.addEventListener("dragover", (e) => {
    if (!carriesFile(e)) return;
    e.preventDefault();
    document.body.dataset.drop = name(starts(e) ? "drop_start" : "drop");
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    depth = 0;
    veil(false);
    upload(starts(event) ? "aura-start-file" : "aura-read", event.dataTransfer.files[0]);
  });

  /* --- names */

  const label = (id, key) => {
    const found = byId(id);
    if (!found || found.dataset.named) return;
    found.dataset.named = "1";
    found.setAttribute("aria-label", name(key));
    found.title = name(key);
  };

  const nameControls = () => {
    label("aura-theme", "theme");
    label("aura-dice", "dice");
    label("aura-again", "again");
    label("aura-style-new", "style_new");
    label("aura-style-delete", "style_delete");
    document.body.dataset.drop ||= name("drop");
    for (const button of document.querySelectorAll("[data-lang]")) {
      button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
    }
  };

  /* Gradio's folds do not tell who listens whether they are open. */
  const tellFolds = () => {
    for (const fold of document.querySelectorAll(".aura-section > .label-wrap")) {
      fold.setAttribute("aria-expanded", String(fold.classList.contains("open")));
    }
  };

  const start = () => {
    showSide();
    nameControls();
    document.body.append(heard);
    const look = () => { nameControls(); tellFolds(); showSide(); announce(); keepFocus(); followSheet(); };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    window.addEventListener("resize", showSide);
  };
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
