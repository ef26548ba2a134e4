// SPDX-License-Identifier: Apache-2.0

package authstate

import "log/slog"

// explain tells who debugs by what a request was decided: from where the token
// was taken, which of Clerk's cookies there are, and which set of them counts.
// It names cookies and holds none.
func (q *request) explain(s *State) {
	log, ctx := q.auth.options.Log, q.http.Context()
	if !log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	fields := append(make([]slog.Attr, 0, 8),
		slog.String("status", string(s.Status)), slog.String("reason", s.Reason), slog.String("token_type", s.TokenType),
		slog.Bool("document", q.isDocument()))
	if s.hadHeaderToken {
		log.LogAttrs(ctx, slog.LevelDebug, "judged by the Authorization header", fields...)
		return
	}
	var present []string
	for i, value := range q.cookies() {
		if value != "" {
			present = append(present, q.auth.jar[i])
		}
	}
	counts := q.auth.jar[plainSession]
	if q.usesSuffixed() {
		counts = q.auth.jar[suffixedSession]
	}
	log.LogAttrs(ctx, slog.LevelDebug, "judged by cookies", append(fields,
		slog.Any("cookies", present), slog.String("session_cookie", counts),
		slog.String("instance_type", string(q.auth.key.InstanceType)), slog.Bool("handshake_returned", s.Returned))...)
}
