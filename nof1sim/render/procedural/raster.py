"""Rasterising a grid mesh: nearest surface, orthographic depth, visibility from depth, and anti-aliased strands."""

from __future__ import annotations

import math

import numpy as np

from nof1sim.render.compiled import njit


@njit(fastmath=True)
def draw_mesh(sx, sy, nearness, depth, column, row, owner, name):
    """Write grid coordinates of a mesh where it is the nearest.

    sx, sy, nearness : (rows, columns) pixel place of each vertex, larger = nearer.
    depth, column, row, owner : (h, w) buffers, updated: best nearness, mesh column and row, `name` of the mesh.
    """
    rows, columns = sx.shape
    h, w = depth.shape
    for r in range(rows - 1):
        for c in range(columns - 1):
            for t in range(2):
                r0, c0, r1, c1, r2, c2 = r, c + t, r + t, c + 1, r + 1, c
                x0, x1, x2 = sx[r0, c0], sx[r1, c1], sx[r2, c2]
                y0, y1, y2 = sy[r0, c0], sy[r1, c1], sy[r2, c2]
                left = max(0, math.ceil(min(x0, x1, x2)))
                right = min(w - 1, math.floor(max(x0, x1, x2)))
                top = max(0, math.ceil(min(y0, y1, y2)))
                low = min(h - 1, math.floor(max(y0, y1, y2)))
                if left > right or top > low:
                    continue
                det = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
                if abs(det) < 1e-12:
                    continue
                inverse = 1.0 / det
                z0, z1, z2 = nearness[r0, c0], nearness[r1, c1], nearness[r2, c2]
                for y in range(top, low + 1):
                    for x in range(left, right + 1):
                        b1 = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) * inverse
                        b2 = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) * inverse
                        b0 = 1 - b1 - b2
                        if b0 < -1e-6 or b1 < -1e-6 or b2 < -1e-6:
                            continue
                        z = b0 * z0 + b1 * z1 + b2 * z2
                        if z > depth[y, x]:
                            depth[y, x] = z
                            column[y, x] = b0 * c0 + b1 * c1 + b2 * c2
                            row[y, x] = b0 * r0 + b1 * r1 + b2 * r2
                            owner[y, x] = name


@njit(fastmath=True)
def draw_depth(points, frame, origin, scale, depth):
    """Largest height over a plane: depth (m, m), updated.

    points (rows, columns, 3) mm; frame (3, 3): the two axes of the plane and its normal; scale in pixels per mm.
    """
    rows, columns = points.shape[:2]
    m = depth.shape[0]
    sx = np.empty((rows, columns), np.float32)
    sy = np.empty((rows, columns), np.float32)
    sz = np.empty((rows, columns), np.float32)
    for r in range(rows):
        for c in range(columns):
            px, py, pz = points[r, c, 0] - origin[0], points[r, c, 1] - origin[1], points[r, c, 2] - origin[2]
            sx[r, c] = (px * frame[0, 0] + py * frame[0, 1] + pz * frame[0, 2]) * scale + m / 2
            sy[r, c] = (px * frame[1, 0] + py * frame[1, 1] + pz * frame[1, 2]) * scale + m / 2
            sz[r, c] = px * frame[2, 0] + py * frame[2, 1] + pz * frame[2, 2]
    for r in range(rows - 1):
        for c in range(columns - 1):
            for t in range(2):
                r0, c0, r1, c1, r2, c2 = r, c + t, r + t, c + 1, r + 1, c
                x0, x1, x2 = sx[r0, c0], sx[r1, c1], sx[r2, c2]
                y0, y1, y2 = sy[r0, c0], sy[r1, c1], sy[r2, c2]
                left = max(0, math.ceil(min(x0, x1, x2)))
                right = min(m - 1, math.floor(max(x0, x1, x2)))
                top = max(0, math.ceil(min(y0, y1, y2)))
                low = min(m - 1, math.floor(max(y0, y1, y2)))
                if left > right or top > low:
                    continue
                det = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
                if abs(det) < 1e-12:
                    continue
                inverse = 1.0 / det
                for y in range(top, low + 1):
                    for x in range(left, right + 1):
                        b1 = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) * inverse
                        b2 = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) * inverse
                        b0 = 1 - b1 - b2
                        if b0 < -1e-6 or b1 < -1e-6 or b2 < -1e-6:
                            continue
                        z = b0 * sz[r0, c0] + b1 * sz[r1, c1] + b2 * sz[r2, c2]
                        if z > depth[y, x]:
                            depth[y, x] = z


@njit(fastmath=True)
def gather_light(points, normals, frame, origin, scale, depth, weight, share, group, flow, seen):
    """Add one light direction to the vector irradiance of each vertex.

    flow (rows, columns, groups, 3) += weight * visibility * direction; seen (rows, columns, groups) += share *
    visibility. Visibility: 2 x 2 filtered depth test with a soft ramp of 2.2 mm behind a bias of 1.3 mm.
    """
    rows, columns = points.shape[:2]
    m = depth.shape[0]
    lx, ly, lz = frame[2, 0], frame[2, 1], frame[2, 2]
    for r in range(rows):
        for c in range(columns):
            facing = normals[r, c, 0] * lx + normals[r, c, 1] * ly + normals[r, c, 2] * lz
            if facing <= -0.25:
                continue
            px, py, pz = points[r, c, 0] - origin[0], points[r, c, 1] - origin[1], points[r, c, 2] - origin[2]
            x = (px * frame[0, 0] + py * frame[0, 1] + pz * frame[0, 2]) * scale + m / 2
            y = (px * frame[1, 0] + py * frame[1, 1] + pz * frame[1, 2]) * scale + m / 2
            z = px * lx + py * ly + pz * lz
            i, j = math.floor(x), math.floor(y)
            visible = 1.0
            if i >= 0 and j >= 0 and i < m - 1 and j < m - 1:
                fx, fy = x - i, y - j
                visible = 0.0
                for a in range(2):
                    for b in range(2):
                        over = (depth[j + a, i + b] - z - 1.3) / 2.2
                        open_ = 1.0 - min(max(over, 0.0), 1.0)
                        visible += open_ * (fy if a else 1 - fy) * (fx if b else 1 - fx)
            flow[r, c, group, 0] += weight * visible * lx
            flow[r, c, group, 1] += weight * visible * ly
            flow[r, c, group, 2] += weight * visible * lz
            seen[r, c, group] += share * visible


@njit(fastmath=True)
def draw_strands(canvas, points, width_px, opacity):
    """Draw tapered hairs over a coverage map.

    canvas (h, w) 0 .. 1, updated; points (n, k, 2) pixel polylines; width_px, opacity (n,). A hair thinner than a
    pixel is drawn a pixel wide and fainter, so its optical weight is right at every picture size.
    """
    h, w = canvas.shape
    n, k = points.shape[:2]
    for q in range(n):
        for s in range(k - 1):
            x0, y0, x1, y1 = points[q, s, 0], points[q, s, 1], points[q, s + 1, 0], points[q, s + 1, 1]
            width = width_px[q] * (1 - 0.75 * s / (k - 1))
            strength = opacity[q] * min(width, 1.0)
            half = max(width, 1.0) * 0.5
            dx, dy = x1 - x0, y1 - y0
            length2 = max(dx * dx + dy * dy, 1e-9)
            left, right = max(0, int(min(x0, x1) - half - 1)), min(w - 1, int(max(x0, x1) + half + 2))
            top, low = max(0, int(min(y0, y1) - half - 1)), min(h - 1, int(max(y0, y1) + half + 2))
            for y in range(top, low + 1):
                for x in range(left, right + 1):
                    t = ((x - x0) * dx + (y - y0) * dy) / length2
                    # Half-open along the hair, so that joints are not counted twice.
                    if t < 0.0 or t >= 1.0:
                        continue
                    ex, ey = x - x0 - t * dx, y - y0 - t * dy
                    cover = min(max(half + 0.5 - math.sqrt(ex * ex + ey * ey), 0.0), 1.0) * strength
                    if cover > 0:
                        canvas[y, x] = 1 - (1 - canvas[y, x]) * (1 - cover)
