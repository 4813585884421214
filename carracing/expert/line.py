"""The racing line."""

from __future__ import annotations

import math

import numpy as np

from carracing.simulator.compiled import compiled, inner

X, Y, TX, TY, BEND, SPEED, PLACE = range(7)
COLUMNS = 7
PAD = 24
ROUNDS = 60


@inner
def _unroll(points, tiles, c, n):
    """Centre points and normals once round."""
    m = 0
    for i in range(tiles):
        b = points[i, 1]
        c[m, 0], c[m, 1] = points[i, 2], points[i, 3]
        n[m, 0], n[m, 1] = math.cos(b), math.sin(b)
        m += 1
        j = (i + 1) % tiles
        gap = math.hypot(points[j, 2] - points[i, 2], points[j, 3] - points[i, 3])
        if gap > 5.25:
            c[m, 0], c[m, 1] = 0.5 * (points[i, 2] + points[j, 2]), 0.5 * (points[i, 3] + points[j, 3])
            nx, ny = n[m - 1, 0] + math.cos(points[j, 1]), n[m - 1, 1] + math.sin(points[j, 1])
            length = max(math.hypot(nx, ny), 1e-9)
            n[m, 0], n[m, 1] = nx / length, ny / length
            m += 1
    return m


@inner
def _bends(p, m, kappa):
    for i in range(m):
        a, b = (i - 1) % m, (i + 1) % m
        ux, uy = p[i, 0] - p[a, 0], p[i, 1] - p[a, 1]
        wx, wy = p[b, 0] - p[i, 0], p[b, 1] - p[i, 1]
        lu, lw = math.hypot(ux, uy), math.hypot(wx, wy)
        chord = math.hypot(ux + wx, uy + wy)
        kappa[i] = 2 * (ux * wy - uy * wx) / max(lu * lw * chord, 1e-9)


@inner
def _assemble(c, n, w, m, shortness, diag, off1, off2, q):
    M = m + 2 * PAD
    diag[:] = 0
    off1[:] = 0
    off2[:] = 0
    q[:] = 0
    for j in range(1, M - 1):
        i = (j - PAD) % m
        a, b = (i - 1) % m, (i + 1) % m
        h0 = max(math.hypot(c[i, 0] - c[a, 0], c[i, 1] - c[a, 1]), 0.5)
        h1 = max(math.hypot(c[b, 0] - c[i, 0], c[b, 1] - c[i, 1]), 0.5)
        h = 0.5 * (h0 + h1)
        ka, kb = 1 / (h0 * h), 1 / (h1 * h)
        ki = -ka - kb
        dx = ka * c[a, 0] + ki * c[i, 0] + kb * c[b, 0]
        dy = ka * c[a, 1] + ki * c[i, 1] + kb * c[b, 1]
        s = w[i] * h
        ax, ay = ka * n[a, 0], ka * n[a, 1]
        ix, iy = ki * n[i, 0], ki * n[i, 1]
        bx, by = kb * n[b, 0], kb * n[b, 1]
        diag[j - 1] += s * (ax * ax + ay * ay)
        diag[j] += s * (ix * ix + iy * iy)
        diag[j + 1] += s * (bx * bx + by * by)
        off1[j - 1] += s * (ax * ix + ay * iy)
        off1[j] += s * (ix * bx + iy * by)
        off2[j - 1] += s * (ax * bx + ay * by)
        q[j - 1] += s * (ax * dx + ay * dy)
        q[j] += s * (ix * dx + iy * dy)
        q[j + 1] += s * (bx * dx + by * dy)
        # length
        t = shortness / h1
        ex, ey = c[b, 0] - c[i, 0], c[b, 1] - c[i, 1]
        diag[j] += t
        diag[j + 1] += t
        off1[j] -= t * (n[i, 0] * n[b, 0] + n[i, 1] * n[b, 1])
        q[j] -= t * (n[i, 0] * ex + n[i, 1] * ey)
        q[j + 1] += t * (n[b, 0] * ex + n[b, 1] * ey)


@inner
def _solve(diag, off1, off2, q, M, room, rho, rounds, x, z, u, d, l1, l2):
    for j in range(M):
        v = diag[j] + rho
        if j >= 1:
            v -= l1[j - 1] ** 2 * d[j - 1]
        if j >= 2:
            v -= l2[j - 2] ** 2 * d[j - 2]
        d[j] = v
        o = off1[j]
        if j >= 1:
            o -= l1[j - 1] * l2[j - 1] * d[j - 1]
        l1[j] = o / v
        l2[j] = off2[j] / v
    for _ in range(rounds):
        for j in range(M):
            v = rho * (z[j] - u[j]) - q[j]
            if j >= 1:
                v -= l1[j - 1] * x[j - 1]
            if j >= 2:
                v -= l2[j - 2] * x[j - 2]
            x[j] = v
        for j in range(M - 1, -1, -1):
            v = x[j] / d[j]
            if j + 1 < M:
                v -= l1[j] * x[j + 1]
            if j + 2 < M:
                v -= l2[j] * x[j + 2]
            x[j] = v
        for j in range(M):
            r = 1.6 * x[j] + (1 - 1.6) * z[j]
            new = min(max(r + u[j], -room), room)
            u[j] += r - new
            z[j] = new


@inner
def _pace(line, m, grip, brake, top):
    """Speeds: what bends allow, then what braking allows, twice round."""
    for i in range(m):
        line[i, SPEED] = min(top, math.sqrt(grip / max(abs(line[i, BEND]), 1e-6)))
    for k in range(2 * m):
        i = (2 * m - 1 - k) % m
        j = (i + 1) % m
        v = line[j, SPEED]
        share = min(v * v * abs(line[j, BEND]) / grip, 1.0)
        h = math.hypot(line[j, X] - line[i, X], line[j, Y] - line[i, Y])
        fastest = math.sqrt(v * v + 2 * h * brake * math.sqrt(1 - share * share))
        line[i, SPEED] = min(line[i, SPEED], fastest)


@compiled
def lay_line(points, tiles, style, line):
    """Fill ``line`` (2 * tiles, COLUMNS); how many points it has."""
    c = np.empty((2 * tiles, 2))
    n = np.empty((2 * tiles, 2))
    m = _unroll(points, tiles, c, n)
    M = m + 2 * PAD
    w = np.ones(m)
    kappa = np.zeros(m)
    diag, off1, off2, q = np.zeros(M), np.zeros(M), np.zeros(M), np.zeros(M)
    x, z, u = np.zeros(M), np.zeros(M), np.zeros(M)
    d, l1, l2 = np.zeros(M), np.zeros(M), np.zeros(M)
    p = np.empty((m, 2))
    passes = 4
    for turn in range(passes):
        _assemble(c, n, w, m, style.shortness, diag, off1, off2, q)
        _solve(diag, off1, off2, q, M, style.room, 3e-4, 100, x, z, u, d, l1, l2)
        for i in range(m):
            p[i, 0] = c[i, 0] + z[i + PAD] * n[i, 0]
            p[i, 1] = c[i, 1] + z[i + PAD] * n[i, 1]
        _bends(p, m, kappa)
        if turn + 1 < passes:
            for i in range(m):
                w[i] = ((kappa[i] ** 2 + 1e-4) / 1e-3) ** (style.sharpness / 2)
            u[:] = 0
    place = 0.0
    for i in range(m):
        a, b = (i - 1) % m, (i + 1) % m
        line[i, X], line[i, Y] = p[i, 0], p[i, 1]
        tx, ty = p[b, 0] - p[a, 0], p[b, 1] - p[a, 1]
        length = max(math.hypot(tx, ty), 1e-9)
        line[i, TX], line[i, TY] = tx / length, ty / length
        line[i, BEND] = kappa[i]
        line[i, PLACE] = place
        place += math.hypot(p[b, 0] - p[i, 0], p[b, 1] - p[i, 1])
    line[m, PLACE] = place
    _pace(line, m, style.grip, style.brake, style.top)
    return m
