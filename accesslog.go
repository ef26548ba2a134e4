// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// addLogFields adds to the access log what the request was found to be, if
// there is such a log. The fields are read when the line is written: what they
// say may be found out only then.
func (s *requestState) addLogFields(ctx context.Context) {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok || server == nil || server.Logs == nil {
		return
	}
	if fields, ok := ctx.Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		fields.Add(zap.Inline(s))
	}
}

// MarshalLogObject implements zapcore.ObjectMarshaler. None of the fields holds
// anything that a client has written.
func (s *requestState) MarshalLogObject(line zapcore.ObjectEncoder) error {
	if s.state == nil {
		return nil
	}
	if reason := s.failure(); reason != "" {
		line.AddString("clerk_reason", reason)
	}
	if s.state.Grace != "" {
		line.AddString("clerk_grace", s.state.Grace)
	}
	if s.state.TokenType != "" {
		line.AddString("clerk_token_type", s.state.TokenType)
	}
	return nil
}

// Interface guard
var _ zapcore.ObjectMarshaler = (*requestState)(nil)
