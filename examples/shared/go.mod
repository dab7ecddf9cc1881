module github.com/spindleweb/spindle/examples/shared

go 1.26.0

replace (
	github.com/molecule-man/go-brrr => github.com/molecule-man/go-brrr v1.0.1
	github.com/spindleweb/spindle => ../../
)

require (
	github.com/jackc/pgx/v5 v5.12.0
	github.com/spindleweb/spindle v0.0.0-00010101000000-000000000000
)

require (
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/molecule-man/go-brrr v1.3.0 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	github.com/valyala/fasthttp v1.77.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
