// The world as its cities draw it: a dot for each, on an equirectangular projection.
import { h } from '../dom.js'
import type { City } from '../schema.js'

/** The strip of latitudes in which people live. */
const north = 76
const south = -57

/** Dots painted in one go when everything is painted anew: a small part of a frame. */
const dotsPerFrame = 8000

/** Nobody sees more, and every dot costs. */
const widthMax = 1600

/** Longitude, latitude and population of each city. */
const fields = 3

export class WorldMap {
  readonly element: HTMLElement
  private readonly canvas = h('canvas', { 'aria-hidden': 'true' })
  private readonly marker = h('span', { class: 'marker', hidden: true })
  private readonly caption = h('figcaption', {})
  private points = new Float32Array(fields * 4096)
  private length = 0
  private painted = 0
  private frame = 0

  constructor() {
    const description = 'A map of the world that consists of one dot for each city'
    const picture = h('div', { class: 'picture', role: 'img', 'aria-label': description })
    picture.append(this.canvas, this.marker)
    this.element = h('figure', { class: 'map' }, picture, this.caption)
    new ResizeObserver(() => this.resize()).observe(picture)
    const dark = window.matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', () => this.repaint())
  }

  /** Says below the map what it shows. */
  describe(text: string): void {
    this.caption.textContent = text
  }

  /** Adds the dots of some cities. */
  add(cities: readonly City[]): void {
    const needed = (this.length + cities.length) * fields
    if (needed > this.points.length) {
      const longer = new Float32Array(Math.max(needed, this.points.length * 2))
      longer.set(this.points)
      this.points = longer
    }
    for (const { location, population } of cities) {
      this.points.set([location.longitude, location.latitude, population], this.length * fields)
      this.length += 1
    }
    this.schedule()
  }

  /** Removes all dots. */
  clear(): void {
    this.length = 0
    this.repaint()
    this.mark(undefined)
  }

  /** Points out one city, or none. */
  mark(city: City | undefined): void {
    this.marker.hidden = city === undefined
    if (city === undefined) return
    const { longitude, latitude } = city.location
    this.marker.style.left = `${((longitude + 180) / 360) * 100}%`
    this.marker.style.top = `${((north - latitude) / (north - south)) * 100}%`
  }

  private resize(): void {
    const scale = Math.min(window.devicePixelRatio, 2)
    const width = Math.min(Math.round(this.canvas.clientWidth * scale), widthMax)
    if (width === 0 || width === this.canvas.width) return
    this.canvas.width = width
    this.canvas.height = Math.round((width * (north - south)) / 360)
    this.repaint()
  }

  private repaint(): void {
    this.canvas.getContext('2d')?.clearRect(0, 0, this.canvas.width, this.canvas.height)
    this.painted = 0
    this.schedule()
  }

  private schedule(): void {
    if (this.frame !== 0) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.paint()
    })
  }

  private paint(): void {
    const context = this.canvas.getContext('2d')
    if (context === null) return
    const { width, height } = this.canvas
    const unit = width / 1200
    const end = Math.min(this.length, this.painted + dotsPerFrame)
    context.fillStyle = getComputedStyle(this.canvas).color
    for (; this.painted < end; this.painted += 1) {
      const [longitude = 0, latitude = 0, population = 0] = this.points.subarray(
        this.painted * fields,
        (this.painted + 1) * fields,
      )
      const large = population > 500_000 ? 2.6 : population > 50_000 ? 1.7 : 1.1
      const size = large * unit
      context.globalAlpha = population > 50_000 ? 0.85 : 0.38
      const x = ((longitude + 180) / 360) * width
      const y = ((north - latitude) / (north - south)) * height
      context.fillRect(x - size / 2, y - size / 2, size, size)
    }
    if (this.painted < this.length) this.schedule()
  }
}
