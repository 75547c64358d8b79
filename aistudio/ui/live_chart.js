// A Plotly chart that grows by numbered points. Colours come from CSS variables, so it follows light and dark.
// Line n is two traces: 2n as measured, 2n + 1 smoothed (shown while smoothing is on, the first one then faint).
import keys from "aistudio-chart-keys";

const UNITS = [[1, "s"], [60, "min"], [3600, "h"]]; // of time axes: the largest that still makes ten

export default {
  mixins: [keys],
  template: "<div></div>",
  props: { lines: Array, axes: Array, options: Object, view: Object },
  async mounted() {
    this.data = this.lines.map(() => this.blank());
    this.drawn = this.lines.map(() => 0);
    this.waiting = [];
    this.looked = { ...this.view };
    this.unit = UNITS[0];
    this.marked = null;
    this.inSight = false;
    const { Plotly } = await import("nicegui-plotly");
    if (this.dead) return;
    const config = { displaylogo: false, responsive: false, displayModeBar: false };
    await Plotly.newPlot(this.$el, this.traces(), this.layout(), config);
    if (this.dead) return;
    this.plotly = Plotly;
    this.sizes = new ResizeObserver(() => this.$el.offsetParent && Plotly.relayout(this.$el, this.size()));
    this.sizes.observe(this.$el);
    this.dark = document.body.classList.contains("body--dark");
    this.themes = new MutationObserver(() => this.follow()); // Quasar changes other classes all the time
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.sight = new IntersectionObserver((entries) => {
      this.inSight = entries.at(-1).isIntersecting; // several may come at once, the newest last
      this.later();
    });
    this.sight.observe(this.$el);
    this.shown = () => this.later();
    document.addEventListener("visibilitychange", this.shown);
    this.listen();
    this.$emit("ready");
    this.lines.forEach((_, line) => this.$emit("need", line, 0));
  },
  unmounted() {
    this.dead = true;
    for (const observer of [this.sizes, this.themes, this.sight]) observer?.disconnect();
    document.removeEventListener("visibilitychange", this.shown);
    if (this.plotly) this.plotly.purge(this.$el);
  },
  methods: {
    blank() {
      return { xs: this.axes.map(() => []), ys: [], smooth: [], sum: 0, weight: 0 };
    },
    append(line, start, xs, ys) {
      if (!this.plotly) return; // asked for once the chart is there
      const data = this.data[line];
      const have = data.ys.length;
      if (start > have) {
        this.$emit("need", line, have);
        return;
      }
      const fresh = ys.slice(have - start);
      data.xs.forEach((column, axis) => column.push(...(xs[axis] ?? []).slice(have - start)));
      data.ys.push(...fresh);
      this.smoothen(data, fresh);
      this.later();
    },
    restart(line) {
      this.data[line] = this.blank();
      this.redraw = true;
      this.later();
    },
    mark(marks) {
      this.marksChanged = JSON.stringify(marks) !== JSON.stringify(this.marked) || this.marksChanged;
      this.marked = marks;
      this.later();
    },
    follow() {
      const dark = document.body.classList.contains("body--dark");
      if (dark !== this.dark) {
        this.plotly.relayout(this.$el, { ...this.colours(), ...this.drawnMarks() });
        this.redraw = true; // lines, too
        this.later();
      }
      this.dark = dark;
    },
    // Given, not found out by Plotly: that would read styles at each drawing.
    size() {
      return { width: Math.max(this.$el.clientWidth, 100), height: Math.max(this.$el.clientHeight, 80) };
    },
    // Everything that came in one go is drawn at once, and nothing while nobody can see it.
    later() {
      if (!this.plotly || this.scheduled || document.hidden || !this.inSight) return;
      this.scheduled = setTimeout(() => {
        requestAnimationFrame(() => {
          this.scheduled = null;
          if (this.dead) return;
          const began = performance.now();
          this.flush();
          this.pause = Math.min(5 * (performance.now() - began), 1000); // a slow machine draws less often
        });
      }, this.pause ?? 0);
    },
    flush() {
      if (this.fittingUnit() !== this.unit) this.rescale();
      if (this.redraw) {
        this.draw(this.$el.layout);
        return;
      }
      const update = { x: [], y: [] };
      const traces = [];
      this.data.forEach((data, line) => {
        const from = this.drawn[line];
        if (from >= data.ys.length) return;
        const x = this.placed(data.xs[this.looked.axis].slice(from));
        update.x.push(x, x);
        update.y.push(data.ys.slice(from), data.smooth.slice(from));
        traces.push(2 * line, 2 * line + 1);
        this.drawn[line] = data.ys.length;
      });
      if (traces.length) {
        Object.assign(this.$el.layout, this.drawnMarks()); // drawn with the points, in one go
        this.plotly.extendTraces(this.$el, update, traces);
      } else if (this.marksChanged) this.plotly.relayout(this.$el, this.drawnMarks());
      this.marksChanged = false;
    },
    draw(layout) {
      this.redraw = this.marksChanged = false;
      this.drawn = this.data.map((data) => data.ys.length);
      this.plotly.react(this.$el, this.traces(), { ...layout, ...this.drawnMarks() });
    },
    fittingUnit() {
      if (this.axes[this.looked.axis].unit !== "seconds") return this.unit;
      const longest = Math.max(...this.data.map((data) => data.xs[this.looked.axis].at(-1) ?? 0));
      return UNITS.findLast(([seconds]) => longest >= 10 * seconds) ?? UNITS[0];
    },
    // A run got so long that minutes say more than seconds; what was zoomed in on stays in sight.
    rescale() {
      const before = this.unit;
      this.unit = this.fittingUnit();
      const fresh = this.layout().xaxis;
      const range = this.range(this.$el.layout.xaxis).range?.map((value) => (value * before[0]) / this.unit[0]);
      this.draw({ ...this.$el.layout, xaxis: range ? { ...fresh, range, autorange: false } : fresh, uirevision: Math.random() });
    },
    placed(xs) {
      if (this.axes[this.looked.axis].unit !== "seconds") return xs;
      return xs.map((x) => (x === null ? null : x / this.unit[0]));
    },
    // Exponential moving average, less its bias towards the start, as in TensorBoard.
    smoothen(data, ys) {
      const keep = this.looked.smoothing;
      for (const y of ys) {
        if (y === null) {
          data.smooth.push(null);
          continue;
        }
        data.sum = keep * data.sum + (1 - keep) * y;
        data.weight = keep * data.weight + (1 - keep);
        data.smooth.push(data.sum / data.weight);
      }
    },
    show(view) {
      const before = this.looked;
      if (this.plotly && this.fittingUnit() !== this.unit) this.rescale(); // a zoom is in the unit of before
      this.looked = { ...view };
      this.unit = this.fittingUnit();
      if (!this.plotly) return;
      if (before.smoothing !== view.smoothing) {
        for (const data of this.data) {
          Object.assign(data, { smooth: [], sum: 0, weight: 0 });
          this.smoothen(data, data.ys);
        }
      }
      const fresh = this.layout();
      const layout = { ...this.$el.layout, ...this.frozen(fresh) };
      if (before.axis === view.axis) layout.xaxis = { ...fresh.xaxis, ...this.range(this.$el.layout.xaxis) };
      if (before.logarithmic === view.logarithmic) layout.yaxis = { ...fresh.yaxis, ...this.range(this.$el.layout.yaxis) };
      this.draw(layout);
    },
    frozen(layout) {
      return { xaxis: layout.xaxis, yaxis: layout.yaxis, uirevision: Math.random() };
    },
    range(axis) {
      return axis.autorange === false ? { range: axis.range, autorange: false } : {};
    },
    traces() {
      const smoothed = this.looked.smoothing > 0;
      return JSON.parse(JSON.stringify(this.lines)).flatMap(({ faint, ...line }, number) => {
        const data = this.data[number];
        const x = this.placed(data.xs[this.looked.axis]);
        const opacity = faint ? this.style("--faint-line") : 1;
        const hovertemplate = `%{fullData.name}: %{y:${this.options.ticks === "percent" ? ".1%" : ".4~g"}}<extra></extra>`;
        const both = { ...line, type: "scatter", x: [...x], hovertemplate };
        const measured = { ...both, opacity, showlegend: !smoothed, y: [...data.ys] };
        const smooth = { ...both, opacity: 1, y: [...data.smooth], visible: smoothed };
        if (smoothed) Object.assign(measured, { opacity: 0.25, hoverinfo: "skip", mode: "lines" });
        return [measured, smooth];
      });
    },
    drawnMarks() {
      const { notes = [], band = null } = this.marked ?? {};
      const colour = this.style("--muted");
      const place = (at) => this.placed([at[this.looked.axis]])[0];
      const line = { color: colour, width: 1, dash: "dot" };
      const shapes = notes.map(([at]) => ({ type: "line", x0: place(at), x1: place(at), yref: "paper", y0: 0, y1: 1, line }));
      if (band) {
        const fillcolor = this.style("--primary");
        shapes.push({ type: "rect", x0: place(band[0]), x1: place(band[1]), yref: "paper", y0: 0, y1: 1, fillcolor, opacity: 0.12, line: { width: 0 } });
      }
      const font = { size: 10, color: colour };
      const annotations = notes
        .filter(([, text]) => text)
        .map(([at, text]) => ({ x: place(at), yref: "paper", y: 1, yanchor: "bottom", text, showarrow: false, font }));
      return { shapes, annotations };
    },
    download(filename) {
      const text = filename.replaceAll("&", "&amp;").replaceAll("<", "&lt;"); // Plotly takes tags for what they are
      const title = { text, font: { size: 13 } };
      const layout = { ...this.$el.layout, title, paper_bgcolor: this.style("--panel"), showlegend: this.lines.length > 1 };
      layout.margin = { ...layout.margin, t: 44, b: 48 };
      const data = this.$el.data.filter((trace) => trace.visible !== false);
      this.plotly.downloadImage({ data, layout }, { format: "png", width: 900, height: 480, scale: 2, filename });
    },
    style(name) {
      return getComputedStyle(document.body).getPropertyValue(name).trim();
    },
    colours() {
      const text = this.style("--muted");
      const grid = this.style("--line");
      return {
        "font.color": text,
        "xaxis.gridcolor": grid,
        "yaxis.gridcolor": grid,
        "xaxis.linecolor": grid,
        "hoverlabel.bgcolor": this.style("--panel"),
        "hoverlabel.bordercolor": grid,
        "hoverlabel.font.color": this.style("--text"),
      };
    },
    layout() {
      const { ticks } = this.options;
      const { title, unit } = this.axes[this.looked.axis];
      const colour = this.colours();
      const timed = unit === "seconds";
      const name = timed ? `${title} (${this.unit[1]})` : title;
      const header = timed ? `${title} %{x:,.1~f} ${this.unit[1]}` : `${title} %{x:,.2~f}`;
      const x = {
        title: { text: name, standoff: 6, font: { size: 11 } },
        unifiedhovertitle: { text: header },
        gridcolor: colour["xaxis.gridcolor"],
        zeroline: false,
        rangemode: "tozero",
        showspikes: false,
      };
      return {
        autosize: false,
        ...this.size(),
        margin: { l: 54, r: 10, t: 14, b: 34 },
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
        xaxis: x,
        yaxis: {
          type: this.looked.logarithmic ? "log" : "linear",
          rangemode: ["rate", "amount"].includes(ticks) ? "tozero" : "normal",
          autorangeoptions: ticks === "percent" && !this.looked.logarithmic ? { clipmin: 0, clipmax: 1.02 } : {},
          gridcolor: colour["yaxis.gridcolor"],
          zeroline: false,
          tickformat: ticks === "percent" ? ".5~p" : ticks === "rate" ? ".3~g" : this.looked.logarithmic ? ".2~g" : "",
          exponentformat: "power",
          nticks: 6,
        },
      };
    },
  },
};
