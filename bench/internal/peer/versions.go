package peer

import "runtime/debug"

// Versions returns the version of each peer's module as this program was built.
// A test binary does not know any.
func Versions() map[string]string {
	info, _ := debug.ReadBuildInfo()
	return versions(info)
}

func versions(info *debug.BuildInfo) map[string]string {
	found := make(map[string]string)
	if info == nil {
		return found
	}
	in := make(map[string]string)
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = &debug.Module{Path: m.Path, Version: m.Replace.Version}
		}
		if m.Version == "" {
			m.Version = "(devel)" // from a folder
		}
		in[m.Path] = m.Version
	}
	for _, p := range All {
		if v := in[p.Module]; v != "" {
			found[p.Module] = v
		}
	}
	return found
}
