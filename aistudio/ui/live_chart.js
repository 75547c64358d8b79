// A Plotly chart that grows by numbered points. Colours come from CSS variables, so it follows light and dark.
export default {
  template: "<div></div>",
  props: { lines: Array, options: Object, marked: Array },
  async mounted() {
    this.counts = this.lines.map(() => 0);
    this.waiting = [];
    const { Plotly } = await import("nicegui-plotly");
    if (this.dead) return;
    const traces = JSON.parse(JSON.stringify(this.lines)).map((line) => ({ ...line, type: "scatter", x: [], y: [] }));
    await Plotly.newPlot(this.$el, traces, this.layout(), { displaylogo: false, responsive: false, displayModeBar: false });
    if (this.dead) return;
    this.plotly = Plotly;
    this.sizes = new ResizeObserver(() => this.$el.offsetParent && Plotly.Plots.resize(this.$el));
    this.sizes.observe(this.$el);
    this.themes = new MutationObserver(() => {
      Plotly.relayout(this.$el, this.colours());
      if (this.last) this.mark(...this.last);
    });
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.shown = () => !document.hidden && this.flush();
    document.addEventListener("visibilitychange", this.shown);
    if (this.marked) this.mark(...this.marked);
    this.lines.forEach((_, line) => this.$emit("need", line, 0));
  },
  unmounted() {
    this.dead = true;
    this.sizes?.disconnect();
    this.themes?.disconnect();
    document.removeEventListener("visibilitychange", this.shown);
    if (this.plotly) this.plotly.purge(this.$el);
  },
  methods: {
    append(line, start, xs, ys) {
      if (!this.plotly) return; // asked for once the chart is there
      this.waiting.push([line, start, xs, ys]);
      if (!document.hidden) this.flush();
    },
    flush() {
      const more = this.lines.map(() => ({ x: [], y: [] }));
      for (const [line, start, xs, ys] of this.waiting.splice(0)) {
        const have = this.counts[line];
        if (start > have) {
          this.$emit("need", line, have);
          continue;
        }
        more[line].x.push(...xs.slice(have - start));
        more[line].y.push(...ys.slice(have - start));
        this.counts[line] = Math.max(have, start + xs.length);
      }
      const changed = this.lines.map((_, line) => line).filter((line) => more[line].x.length);
      if (!changed.length) return;
      const update = { x: changed.map((line) => more[line].x), y: changed.map((line) => more[line].y) };
      this.plotly.extendTraces(this.$el, update, changed);
    },
    mark(x, text) {
      if (!this.plotly) return;
      this.last = [x, text];
      const style = getComputedStyle(document.body);
      const colour = style.getPropertyValue("--muted").trim();
      const shape = { type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: colour, width: 1, dash: "dot" } };
      const note = { x, yref: "paper", y: 1, yanchor: "bottom", text, showarrow: false, font: { size: 10, color: colour } };
      this.plotly.relayout(this.$el, x === null ? { shapes: [], annotations: [] } : { shapes: [shape], annotations: [note] });
    },
    colours() {
      const style = getComputedStyle(document.body);
      const text = style.getPropertyValue("--muted").trim();
      const grid = style.getPropertyValue("--line").trim();
      return {
        "font.color": text,
        "xaxis.gridcolor": grid,
        "yaxis.gridcolor": grid,
        "xaxis.linecolor": grid,
        "hoverlabel.bgcolor": style.getPropertyValue("--panel").trim(),
        "hoverlabel.bordercolor": grid,
        "hoverlabel.font.color": style.getPropertyValue("--text").trim(),
      };
    },
    layout() {
      const { x_title, percent, logarithmic } = this.options;
      const colour = this.colours();
      return {
        autosize: true,
        margin: { l: 48, r: 10, t: 14, b: 34 },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        showlegend: false,
        uirevision: "keep",
        hovermode: "x unified",
        dragmode: "zoom",
        font: { family: "Roboto, sans-serif", size: 11, color: colour["font.color"] },
        hoverlabel: {
          bgcolor: colour["hoverlabel.bgcolor"],
          bordercolor: colour["hoverlabel.bordercolor"],
          font: { color: colour["hoverlabel.font.color"] },
        },
        xaxis: { title: { text: x_title, standoff: 6, font: { size: 11 } }, gridcolor: colour["xaxis.gridcolor"], zeroline: false, rangemode: "tozero" },
        yaxis: {
          gridcolor: colour["yaxis.gridcolor"],
          zeroline: false,
          tickformat: percent ? ".0%" : logarithmic ? ".2~e" : "",
          hoverformat: percent ? ".1%" : ".4~g",
          exponentformat: "power",
          nticks: 6,
        },
      };
    },
  },
};
