// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// relay is a slog.Handler that passes lines on to the logger of whichever
// configuration is the current one. What outlives configurations logs to it.
type relay struct {
	to *atomic.Pointer[slog.Logger]
	// derive adds the attributes and groups that the relay was derived with.
	derive func(slog.Handler) slog.Handler
}

func newRelay() *relay {
	r := &relay{to: new(atomic.Pointer[slog.Logger])}
	r.derive = func(h slog.Handler) slog.Handler { return h }
	r.set(nil)
	return r
}

// set says where lines go from now on; nil for nowhere.
func (r *relay) set(log *slog.Logger) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r.to.Store(log)
}

func (r *relay) current() slog.Handler { return r.derive(r.to.Load().Handler()) }

// Enabled implements slog.Handler.
func (r *relay) Enabled(ctx context.Context, level slog.Level) bool {
	return r.to.Load().Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (r *relay) Handle(ctx context.Context, record slog.Record) error {
	return r.current().Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (r *relay) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &relay{to: r.to, derive: func(h slog.Handler) slog.Handler { return r.derive(h).WithAttrs(attrs) }}
}

// WithGroup implements slog.Handler.
func (r *relay) WithGroup(name string) slog.Handler {
	return &relay{to: r.to, derive: func(h slog.Handler) slog.Handler { return r.derive(h).WithGroup(name) }}
}

// Interface guard
var _ slog.Handler = (*relay)(nil)
