// The largest value that the lanes of a workgroup bring, and where it stands; put behind group.wgsl.
struct Largest { value: f32, place: u32 }

var<workgroup> values: array<f32, LANES>;
var<workgroup> value_places: array<u32, LANES>;

// The larger of two, of equals the one that stands first.
fn larger(a: Largest, b: Largest) -> Largest {
  if (b.value > a.value || (b.value == a.value && b.place < a.place)) {
    return b;
  }
  return a;
}

fn group_largest(own: Largest, lane: u32) -> Largest {
  values[lane] = own.value;
  value_places[lane] = own.place;
  workgroupBarrier();
  var top = Largest(values[0], value_places[0]);
  for (var i = 1u; i < LANES; i++) {
    top = larger(top, Largest(values[i], value_places[i]));
  }
  return top;
}
