;; Reads JSON in blocks of 64 bytes, which come in pieces of any size: it knows which bytes stand in strings, where an
;; object or a list ends, and how many values and levels there are. `npm run generate` makes generated/json-blocks.ts
;; of it.
;;
;; A block becomes a few numbers of 64 bits, with one bit for each byte; the first byte has the lowest bit. This is the
;; method of Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019).
(module
  ;; Bytes 0 to 63 are the state: the caller sets it before a piece, and reads it after the piece. The piece follows.
  ;;    0  inString    -1 if the byte before the piece stands in a string, otherwise 0
  ;;    4  isEscaped   1 if the byte before the piece is a backslash that escapes the next one, otherwise 0
  ;;    8  open        objects and lists whose ends `findEnd` has not found
  ;;   12  values      values that `measure` has counted
  ;;   16  level       objects and lists that are open for `measure`
  ;;   20  levels      the maximum of `level`
  ;;   24  hasOpened   1 if an object or a list has opened before the piece, and only white space followed; otherwise 0
  (memory (export "memory") 1)

  ;; Finds the bytes of a block that are `wanted` once the bits of `with` are set in them.
  (func $equal (param $at i32) (param $with i32) (param $wanted i32) (result i64)
    (local $set v128) (local $to v128)
    (local.set $set (i8x16.splat (local.get $with)))
    (local.set $to (i8x16.splat (local.get $wanted)))
    (call $join
      (i8x16.bitmask (i8x16.eq (local.get $to) (v128.or (local.get $set) (v128.load (local.get $at)))))
      (i8x16.bitmask (i8x16.eq (local.get $to) (v128.or (local.get $set) (v128.load offset=16 (local.get $at)))))
      (i8x16.bitmask (i8x16.eq (local.get $to) (v128.or (local.get $set) (v128.load offset=32 (local.get $at)))))
      (i8x16.bitmask (i8x16.eq (local.get $to) (v128.or (local.get $set) (v128.load offset=48 (local.get $at)))))))

  ;; Finds the bytes of a block that are white space, or control characters.
  (func $space (param $at i32) (result i64)
    (local $most v128)
    (local.set $most (i8x16.splat (i32.const 0x20)))
    (call $join
      (i8x16.bitmask (i8x16.le_u (v128.load (local.get $at)) (local.get $most)))
      (i8x16.bitmask (i8x16.le_u (v128.load offset=16 (local.get $at)) (local.get $most)))
      (i8x16.bitmask (i8x16.le_u (v128.load offset=32 (local.get $at)) (local.get $most)))
      (i8x16.bitmask (i8x16.le_u (v128.load offset=48 (local.get $at)) (local.get $most)))))

  ;; Joins the bits of the four quarters of a block.
  (func $join (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i64)
    (i64.or
      (i64.extend_i32_u (i32.or (local.get $a) (i32.shl (local.get $b) (i32.const 16))))
      (i64.shl
        (i64.extend_i32_u (i32.or (local.get $c) (i32.shl (local.get $d) (i32.const 16))))
        (i64.const 32))))

  (func $not (param $bits i64) (result i64) (i64.xor (local.get $bits) (i64.const -1)))

  (func $count (param $bits i64) (result i32) (i32.wrap_i64 (i64.popcnt (local.get $bits))))

  ;; Finds the quotes of a block that begin or end a string, and notes whether the byte behind the block is escaped. At
  ;; `end` the piece ends.
  (func $quotes (param $at i32) (param $end i32) (result i64)
    (local $last i64) (local $quotes i64) (local $backslashes i64) (local $carry i64) (local $escaping i64) (local $ends i64)
    (local.set $quotes (call $equal (local.get $at) (i32.const 0) (i32.const 0x22)))
    (local.set $backslashes (call $equal (local.get $at) (i32.const 0) (i32.const 0x5c)))
    (local.set $carry (i64.load32_u offset=4 (i32.const 0)))
    (if (i64.eqz (i64.or (local.get $backslashes) (local.get $carry))) (then (return (local.get $quotes))))
    ;; In a run of backslashes every second one escapes the byte after it. A subtraction that borrows along the runs
    ;; tells those that begin at an even place from those that begin at an odd one.
    (local.set $escaping (i64.and (local.get $backslashes) (call $not (local.get $carry))))
    (local.set $ends (i64.xor (i64.const 0xaaaaaaaaaaaaaaaa)
      (i64.sub
        (i64.or (i64.shl (local.get $escaping) (i64.const 1)) (i64.const 0xaaaaaaaaaaaaaaaa))
        (local.get $escaping))))
    (local.set $last (i64.extend_i32_u (i32.sub (i32.sub (local.get $end) (local.get $at)) (i32.const 1))))
    (if (i64.gt_u (local.get $last) (i64.const 63)) (then (local.set $last (i64.const 63))))
    (i64.store32 offset=4 (i32.const 0)
      (i64.and (i64.shr_u (i64.and (local.get $ends) (local.get $backslashes)) (local.get $last)) (i64.const 1)))
    (i64.and (local.get $quotes)
      (call $not (i64.xor (local.get $ends) (i64.or (local.get $backslashes) (local.get $carry))))))

  ;; Finds the bytes of a block outside of strings, and notes whether the next block begins in a string. Each bit is
  ;; the number of quotes up to its byte, modulo 2.
  (func $outside (param $at i32) (param $end i32) (result i64)
    (local $inside i64)
    (local.set $inside (call $quotes (local.get $at) (local.get $end)))
    (local.set $inside (i64.xor (local.get $inside) (i64.shl (local.get $inside) (i64.const 1))))
    (local.set $inside (i64.xor (local.get $inside) (i64.shl (local.get $inside) (i64.const 2))))
    (local.set $inside (i64.xor (local.get $inside) (i64.shl (local.get $inside) (i64.const 4))))
    (local.set $inside (i64.xor (local.get $inside) (i64.shl (local.get $inside) (i64.const 8))))
    (local.set $inside (i64.xor (local.get $inside) (i64.shl (local.get $inside) (i64.const 16))))
    (local.set $inside (i64.xor (local.get $inside) (i64.shl (local.get $inside) (i64.const 32))))
    (local.set $inside (i64.xor (local.get $inside) (i64.load32_s (i32.const 0))))
    (i64.store32 (i32.const 0) (i64.shr_s (local.get $inside) (i64.const 63)))
    (call $not (local.get $inside)))

  ;; Finds the brackets of a block that open an object or a list: [ and { differ in one bit. So do ] and }.
  (func $opening (param $at i32) (result i64) (call $equal (local.get $at) (i32.const 0x20) (i32.const 0x7b)))
  (func $closing (param $at i32) (result i64) (call $equal (local.get $at) (i32.const 0x20) (i32.const 0x7d)))

  ;; Fills the last block behind the piece with white space, which means nothing.
  (func $fill (param $end i32)
    (memory.fill (local.get $end) (i32.const 0x20) (i32.const 64)))

  ;; Finds the end of the outermost object or list that is open. Returns the number of bytes of the piece up to its end;
  ;; -1 if the piece does not hold it.
  (func (export "findEnd") (param $bytes i32) (result i32)
    (local $at i32) (local $end i32) (local $open i32) (local $least i32)
    (local $outside i64) (local $opening i64) (local $closing i64) (local $brackets i64) (local $place i64)
    (local.set $at (i32.const 64))
    (local.set $end (i32.add (local.get $bytes) (i32.const 64)))
    (local.set $open (i32.load offset=8 (i32.const 0)))
    (call $fill (local.get $end))
    (block $read
      (loop $blocks
        (br_if $read (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $outside (call $outside (local.get $at) (local.get $end)))
        (local.set $opening (i64.and (call $opening (local.get $at)) (local.get $outside)))
        (local.set $closing (i64.and (call $closing (local.get $at)) (local.get $outside)))
        (local.set $least (i32.sub (local.get $open) (call $count (local.get $closing))))
        (if (i32.gt_s (local.get $least) (i32.const 0))
          (then (local.set $open (i32.add (local.get $least) (call $count (local.get $opening)))))
          (else
            ;; The end may be in this block: look at one bracket after the other.
            (local.set $brackets (i64.or (local.get $opening) (local.get $closing)))
            (block $looked
              (loop $look
                (br_if $looked (i64.eqz (local.get $brackets)))
                (local.set $place (i64.ctz (local.get $brackets)))
                (if (i64.eqz (i64.and (i64.shr_u (local.get $opening) (local.get $place)) (i64.const 1)))
                  (then
                    (local.set $open (i32.sub (local.get $open) (i32.const 1)))
                    (if (i32.eqz (local.get $open))
                      (then
                        (return (i32.add
                          (i32.sub (local.get $at) (i32.const 63))
                          (i32.wrap_i64 (local.get $place)))))))
                  (else (local.set $open (i32.add (local.get $open) (i32.const 1)))))
                (local.set $brackets (i64.and (local.get $brackets) (i64.sub (local.get $brackets) (i64.const 1))))
                (br $look)))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $blocks)))
    (i32.store offset=8 (i32.const 0) (local.get $open))
    (i32.const -1))

  ;; Adds the values of the piece, and notes its levels.
  (func (export "measure") (param $bytes i32)
    (local $at i32) (local $end i32) (local $level i32) (local $levels i32) (local $values i32)
    (local $outside i64) (local $opening i64) (local $closing i64) (local $space i64) (local $after i64) (local $past i64)
    (local $opened i64) (local $brackets i64) (local $place i64)
    (local.set $at (i32.const 64))
    (local.set $end (i32.add (local.get $bytes) (i32.const 64)))
    (local.set $values (i32.load offset=12 (i32.const 0)))
    (local.set $level (i32.load offset=16 (i32.const 0)))
    (local.set $levels (i32.load offset=20 (i32.const 0)))
    (local.set $opened (i64.load32_u offset=24 (i32.const 0)))
    (call $fill (local.get $end))
    (block $read
      (loop $blocks
        (br_if $read (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $outside (call $outside (local.get $at) (local.get $end)))
        (local.set $opening (i64.and (call $opening (local.get $at)) (local.get $outside)))
        (local.set $closing (i64.and (call $closing (local.get $at)) (local.get $outside)))
        (local.set $space (call $space (local.get $at)))
        ;; The bytes after an opening bracket; then, by a carry through the white space, the first others behind it.
        (local.set $after (i64.or (i64.shl (local.get $opening) (i64.const 1)) (local.get $opened)))
        (local.set $past (i64.add (local.get $space) (i64.and (local.get $after) (local.get $space))))
        (local.set $opened (i64.or
          (i64.shr_u (local.get $opening) (i64.const 63))
          (i64.extend_i32_u (i64.lt_u (local.get $past) (local.get $space)))))
        (local.set $after (i64.and (i64.or (local.get $after) (local.get $past)) (call $not (local.get $space))))
        ;; Each comma and each bracket that opens begins a value; not those of an empty object or list, which are one.
        (local.set $values (i32.add (local.get $values) (i32.sub
          (i32.add
            (call $count (i64.and (call $equal (local.get $at) (i32.const 0) (i32.const 0x2c)) (local.get $outside)))
            (call $count (local.get $opening)))
          (call $count (i64.and (local.get $closing) (local.get $after))))))
        (if (i32.gt_s (i32.add (local.get $level) (call $count (local.get $opening))) (local.get $levels))
          (then
            ;; There may be more levels in this block: look at one bracket after the other.
            (local.set $brackets (i64.or (local.get $opening) (local.get $closing)))
            (block $looked
              (loop $look
                (br_if $looked (i64.eqz (local.get $brackets)))
                (local.set $place (i64.ctz (local.get $brackets)))
                (if (i64.eqz (i64.and (i64.shr_u (local.get $opening) (local.get $place)) (i64.const 1)))
                  (then (local.set $level (i32.sub (local.get $level) (i32.const 1))))
                  (else
                    (local.set $level (i32.add (local.get $level) (i32.const 1)))
                    (if (i32.gt_s (local.get $level) (local.get $levels))
                      (then (local.set $levels (local.get $level))))))
                (local.set $brackets (i64.and (local.get $brackets) (i64.sub (local.get $brackets) (i64.const 1))))
                (br $look))))
          (else
            (local.set $level (i32.add (local.get $level)
              (i32.sub (call $count (local.get $opening)) (call $count (local.get $closing)))))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $blocks)))
    (i32.store offset=12 (i32.const 0) (local.get $values))
    (i32.store offset=16 (i32.const 0) (local.get $level))
    (i32.store offset=20 (i32.const 0) (local.get $levels))
    (i64.store32 offset=24 (i32.const 0) (local.get $opened)))
)
