"""Makes the seeds of corpus/, run once (the files are kept): hand-made ones by the standard library, JPEGs from ../data/image,
models, checkpoints and packs by libclile itself through its Python package (numpy; CLILE_LIBRARY names the library).

Files called found-* are not made here: fuzzing found them (README.md)."""
import json
import os
import struct
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "examples", "python"))
count = 0


def put(target, name, data):
    global count
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode("utf-8"))
    count += 1


# ---- safetensors ----


def st(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else (header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(begin, end, shape=None, dtype="F32"):
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end]}


good = st({"__metadata__": {"k": "v"}, "a": tensor(0, 8), "b": tensor(8, 12)}, bytes(range(12)))
S = "safetensors"
put(S, "good", good)
put(S, "empty-file", b"")
put(S, "seven-bytes", good[:7])
put(S, "cut-behind-length", good[:8])
put(S, "cut-in-header", good[:40])
put(S, "cut-in-data", good[:-1])
put(S, "byte-too-many", good + b"\0")
put(S, "header-10-GB", st("{}", length=10_000_000_000))
put(S, "header-2-to-63", st("{}", length=1 << 63))
put(S, "header-all-ones", st("{}", length=(1 << 64) - 1))
put(S, "no-tensors", st("{}"))
put(S, "spaces", st('{ "a" : { "shape" : [ ] , "dtype" : "F32" , "data_offsets" : [ 0 , 4 ] } } \n\t', bytes(4)))
put(S, "offsets-overlap", st({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)))
put(S, "offsets-hole", st({"a": tensor(0, 4), "b": tensor(8, 12)}, bytes(12)))
put(S, "offsets-outside", st({"a": tensor(0, 4000)}, bytes(12)))
put(S, "offsets-backwards", st({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}, bytes(4)))
put(S, "offsets-overflow", st('{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775804,9223372036854775808]}}', bytes(4)))
put(S, "shape-overflow", st('{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}'))
put(S, "shape-nine-dimensions", st({"a": tensor(0, 4, [1] * 9)}, bytes(4)))
put(S, "shape-zero", st({"a": tensor(0, 0, [0, 9])}))
put(S, "dtype-unknown", st({"a": tensor(0, 4, dtype="F33")}, bytes(4)))
put(S, "dtype-F4-half-a-byte", st({"a": tensor(0, 1, [3], "F4")}, bytes(1)))
put(S, "duplicate-tensor", st('{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}', bytes(2)))
put(S, "duplicate-metadata", st('{"__metadata__":{"k":"1","k":"2"}}'))
put(S, "metadata-twice", st('{"__metadata__":{},"__metadata__":{}}'))
put(S, "deep-nesting", st('{"a":' * 300 + "1" + "}" * 300))
put(S, "deep-brackets", st('{"a":{"shape":' + "[" * 1500))
put(S, "bom", st(b"\xef\xbb\xbf{}"))
put(S, "nul-in-name", st(b'{"a\0b":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', b"\1"))
put(S, "escaped-nul", st(b'{"a\\u0000":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', b"\1"))
put(S, "half-surrogate", st(b'{"\\ud800":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', b"\1"))
put(S, "escapes", st(b'{"\\u0041\\ud83d\\ude00\\n\\"\\\\":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', b"\1"))
put(S, "crc-right", st({"__metadata__": {"clile_crc32": "2144df1c"}, "a": tensor(0, 4)}, bytes(4)))
put(S, "crc-wrong", st({"__metadata__": {"clile_crc32": "2144df1d"}, "a": tensor(0, 4)}, bytes(4)))
put(S, "crc-no-hex", st({"__metadata__": {"clile_crc32": "0x44df1c"}}))

J = "json"
put(J, "header", good[8:8 + struct.unpack("<Q", good[:8])[0]])
put(J, "nesting", "[" * 900 + "]" * 900)
put(J, "strings", rb'"" "a\u00e9\ud83d\ude00\b\f\n\r\t\/\\\"" "' + "é€😀".encode() + b'"')
put(J, "bad-utf8", b'"\xc0\x80" "\xed\xa0\x80"')
put(J, "bad-escapes", rb'"\u00g0')
put(J, "half-pair", rb'"\ud83d\u0041"')
put(J, "numbers", "[0,1,12,9223372036854775807]")
put(J, "number-overflow", "[9223372036854775808]")
put(J, "number-leading-zero", "[00]")
put(J, "open-string", '"abc')
put(J, "open-escape", '"abc\\')
put(J, "nothing", b"")
put(J, "nul", b'{"a\0"')

T = "text"
put(T, "numbers", "1,-1,+1,0.5,.5,5.,1e3,1E-3,-0\n9223372036854775807,-9223372036854775808,9223372036854775808\n")
put(T, "floats", "1.7976931348623157e308,4.9e-324,2.2250738585072011e-308,9007199254740993,0.1e-1000001,1e400,1e-400\n")
put(T, "long-number", "0." + "0" * 1100 + "1,1" + "0" * 400 + "e-400\n")
put(T, "no-numbers", "nan,inf,-inf,0x10,1e,e1,--1,+-1,1 2,.\n")
put(T, "quotes", '"a","b ""c""", "d" ,"open,\n"",",\n')
put(T, "bom-crlf", b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4\r")
put(T, "nul", b"1,\x002,3\n\0\n")
put(T, "blanks", " \t1 \t,\t\t, 2\n\n   \n,,,,,,,,,,,\n")

# ---- options, protocols ----

O = "options"
put(O, "good", "width=0.5\nbackbone=resnet18\nbatch=16\nau_set=1,2,4\nthreads=auto\n")
put(O, "au-sets", "au_set=auto\nau_set=bp4d\nau_set=disfa\nau_set=1, 2 ,999\n")
put(O, "au-set-bad", "au_set=1,1\nx=0\nx=1000\nx=1,,2\nx=" + ",".join(map(str, range(1, 80))) + "\n")
put(O, "protocols", "=kfold:2\n=loso\n=all\n=bp4d\n=kfold:4\n")
put(O, "protocols-bad", "=kfold:\n=kfold:1\n=kfold:99999999999999999999\n=kfold:-1\n=LOSO\n=\n")
put(O, "unknown-key", "widht=1\n")
put(O, "no-equals", "width\n")
put(O, "out-of-range", "width=1e9\n")
put(O, "huge-number", "seed=99999999999999999999999\n")
put(O, "not-finite", "learning_rate=nan\n")
put(O, "bom-crlf", b"\xef\xbb\xbfwidth=1\r\nbatch=2\r\n")
put(O, "long-value", "au_set=" + "9" * 2000 + "\n")
put(O, "nul", b"width=1\0\nbatch=2\n")

# ---- label files ----

B = "bp4d"
points = [30, 30, 60, 30, 45, 45, 33, 60, 57, 60]
five = ",".join(map(str, points))
put(B, "good", f"0,1,2,4\n0,1,0,9\n1,0,0,0\n2,1,1,1\n%%\n0,{five}\n2,{five}\n")
put(B, "crlf-bom", b"\xef\xbb\xbf0,1,2,4\r\n0,1,0,9\r\n3,0,0,0\r\n")
put(B, "columns-swapped", "0,4,2,1,17\n1,0,1,9,1\n")
put(B, "empty", b"")
put(B, "header-only", "0,1,2,4\n")
put(B, "au-missing", "0,1,2\n0,1,1\n")
put(B, "header-words", "frame,AU1,AU2,AU4\n0,1,1,1\n")
put(B, "code-7", "0,1,2,4\n0,1,7,0\n")
put(B, "short-row", "0,1,2,4\n0,1,0\n")
put(B, "long-row", "0,1,2,4\n0,1,0,0,0\n")
put(B, "frame-twice", "0,1,2,4\n0,1,0,0\n0,0,0,0\n")
put(B, "frame-huge", "0,1,2,4\n99999999999999999999,1,0,0\n")
put(B, "frame-negative", "0,1,2,4\n-1,1,0,0\n")
put(B, "600-columns", ",".join(map(str, range(600))) + "\n" + ",".join("0" for _ in range(600)) + "\n")
put(B, "nul", b"0,1,2,4\n0,1,\x00,0\n")
put(B, "not-text", bytes(range(256)))
put(B, "no-image-of-these", "0,1,2,4\n7,1,0,0\n8,1,1,1\n")

D = "disfa"
put(D, "good", "1,0\n2,3\n3,9\n%%\n1,5\n2,0\n3,2\n")
put(D, "crlf", "1,0\r\n2,3\r\n%%\n1,5\r\n2,0\r\n")
put(D, "bom", b"\xef\xbb\xbf1,0\n%%\n1,0\n")
put(D, "empty", "%%\n")
put(D, "lengths-differ", "1,0\n2,3\n%%\n1,5\n")
put(D, "frames-differ", "1,0\n2,3\n%%\n1,5\n3,0\n")
put(D, "frames-descend", "2,0\n1,3\n%%\n2,0\n1,3\n")
put(D, "frame-twice", "1,0\n1,3\n%%\n1,0\n1,3\n")
put(D, "intensity-6", "1,6\n%%\n1,0\n")
put(D, "intensity-real", "1,2.5\n%%\n1,0\n")
put(D, "three-columns", "1,2,3\n%%\n1,0\n")
put(D, "frame-huge", "9223372036854775807,1\n%%\n9223372036854775807,1\n")
put(D, "frame-zero", "0,1\n1,2\n%%\n0,1\n1,2\n")
put(D, "nul", b"1,\x000\n%%\n1,0\n")

L = "list"
twelve = "1 0 0 1 0 1 1 1 0 1 0 0"
put(L, "good", f"F001/T1/0.png\nF001/T1/1.png\n%%\n{twelve}\n{twelve}\n%%\n" + " ".join(["0.5"] * 12) + "\n")
put(L, "backslashes", f"F001\\T1\\0.png\r\nM002\\T1\\0.png\r\n%%\n{twelve}\r\n{twelve}\r\n")
put(L, "decimals-commas", "F001/T1/0.png\n%%\n" + ",".join(["1.0", "0.0", "-1", "9"] * 2) + "\n")
put(L, "lengths-differ", f"F001/T1/0.png\nF001/T1/1.png\n%%\n{twelve}\n")
put(L, "columns-differ", f"F001/T1/0.png\nF001/T1/1.png\n%%\n{twelve}\n1 0\n")
put(L, "seven-columns", "F001/T1/0.png\n%%\n0 0 0 0 0 0 0\n")
put(L, "70-columns", "F001/T1/0.png\n%%\n" + "1 " * 70 + "\n")
put(L, "code-2", "F001/T1/0.png\n%%\n2 0 0 0 0 0 0 0\n")
put(L, "no-number", "F001/T1/0.png\n%%\nx 0 0 0 0 0 0 0\n")
put(L, "no-image", f"F009/T1/0.png\n%%\n{twelve}\n")
put(L, "no-subject", f"0.png\n%%\n{twelve}\n")
put(L, "outside-the-folder", f"../../../../etc/passwd\nF001/T1/0.png\n%%\n{twelve}\n{twelve}\n")
put(L, "absolute", f"/etc/passwd\nF001/T1/0.png\n%%\n{twelve}\n{twelve}\n")
put(L, "empty", b"%%\n%%\n")
put(L, "weights-too-few", f"F001/T1/0.png\n%%\n{twelve}\n%%\n1 1 1\n")
put(L, "weights-zero", f"F001/T1/0.png\n%%\n{twelve}\n%%\n" + "0 " * 12 + "\n")
put(L, "long-path", f"F001/{'x' * 5000}\n%%\n{twelve}\n")
put(L, "nul", b"F001/T1/\x000.png\n%%\n" + twelve.encode() + b"\n")
put(L, "bom", b"\xef\xbb\xbfF001/T1/0.png\n%%\n" + twelve.encode() + b"\n")

M = "manifest"
put(M, "good", f"image,subject,AU1,AU02,au12_c,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\na.png,p,1,0,9,{five}\na.png,q,,-1,1,,,,,,,,,,\n")
put(M, "crlf-bom-quotes", b'\xef\xbb\xbf"image","subject","AU1"\r\n"a.png","some, one",1\r\n')
put(M, "other-columns", "frame,image,success,subject,AU01_r,AU01_c\n1,a.png,1,p,3.2,1\n")
put(M, "empty", b"")
put(M, "header-only", "image,subject,AU1\n")
put(M, "no-subject-column", "image,AU1\na.png,1\n")
put(M, "no-au", "image,subject\na.png,p\n")
put(M, "au-twice", "image,subject,AU1,AU01\na.png,p,1,1\n")
put(M, "au-0-and-1000", "image,subject,AU0,AU1000,AU1x\na.png,p,1,1,1\n")
put(M, "code-word", "image,subject,AU1\na.png,p,yes\n")
put(M, "subject-empty", "image,subject,AU1\na.png,,1\n")
put(M, "image-empty", "image,subject,AU1\n,p,1\n")
put(M, "image-missing", "image,subject,AU1\nnone.png,p,1\n")
put(M, "image-long", "image,subject,AU1\n" + "x" * 5000 + ",p,1\n")
put(M, "image-nul", b"image,subject,AU1\na\0.png,p,1\n")
put(M, "image-is-folder", "image,subject,AU1\n.,p,1\n")
put(M, "points-cut", "image,subject,AU1,x0,y0,x1\na.png,p,1,1,2,3\n")
put(M, "points-huge", f"image,subject,AU1,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\na.png,p,1,1e300,1e300,-1e300,1e300,1,1,1,1,1,1\n")
put(M, "points-the-same", f"image,subject,AU1,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\na.png,p,1,1,1,1,1,1,1,1,1,1,1\n")
put(M, "points-nan", f"image,subject,AU1,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\na.png,p,1,nan,1,1,1,1,1,1,1,1,1\n")
put(M, "600-columns", "image,subject," + ",".join(f"AU{k}" for k in range(1, 600)) + "\n")
put(M, "500-aus", "image,subject," + ",".join(f"AU{k}" for k in range(1, 500)) + "\na.png,p" + ",1" * 499 + "\n")
put(M, "open-quote", 'image,subject,AU1\n"a.png,p,1\n')

J = "jsonl"


def line(path, aus, **more):
    return json.dumps({"img_path": path, "AUs": aus, **more}) + "\n"


a, b = "F001_T1/1.png", "F001_T1/2.png"
put(J, "good", line(a, [1, 4]) + line(b, []))
put(J, "999", line(a, [999, 2, 999]) + line(b, [999] * 12))
put(J, "crlf-bom-blank", b"\xef\xbb\xbf" + line(a, [1]).encode().replace(b"\n", b"\r\n\r\n"))
put(J, "subject", line(a, [1], subject="anna") + line(b, [2], subject="b\u00e9n"))
put(J, "other-keys", line(a, [1], x=[1, -2.5e3, None, True, {"y": "z"}]))
put(J, "deep", '{"img_path": "' + a + '", "AUs": [1], "x": ' + "[" * 40 + "]" * 40 + "}\n")
put(J, "empty", b"")
put(J, "blank", b"\n\n")
put(J, "no-aus", '{"img_path": "' + a + '"}\n')
put(J, "no-path", '{"AUs": [1]}\n')
put(J, "key-twice", '{"img_path": "' + a + '", "AUs": [1], "AUs": [2]}\n')
put(J, "au-twice", line(a, [1, 1]))
put(J, "au-0", line(a, [0]))
put(J, "au-huge", '{"img_path": "' + a + '", "AUs": [99999999999999999999]}\n')
put(J, "au-real", '{"img_path": "' + a + '", "AUs": [1.5]}\n')
put(J, "many-aus", line(a, list(range(1, 200))))
put(J, "image-twice", line(a, [1]) + line(a, [1]))
put(J, "image-missing", line("F001_T1/9.png", [1]) + line(a, [1]))
put(J, "path-long", line("x" * 5000, [1]))
put(J, "path-nul", '{"img_path": "F001\\u0000", "AUs": [1]}\n')
put(J, "path-escapes", '{"img_path": "F001_T1\\/1.p\\u006eg", "AUs": [1]}\n')
put(J, "outside-the-folder", line("../../../../etc/passwd", [1]) + line(a, [1]))
put(J, "cut", line(a, [1])[:-5])
put(J, "an-array", "[1, 2]\n")

T = "trackers"
put(T, "openface", "frame, face_id, timestamp, confidence, success, AU01_r, AU01_c, AU28_c\r\n1, 0, 0, 0.9, 1, 2.5, 1.00, 0.00\r\n2, 0, 0, 0.1, 0, 0, 0, 0\r\n")
put(T, "openface-points", "frame,success,AU01_c," + ",".join(f"x_{k}" for k in range(68)) + "," + ",".join(f"y_{k}" for k in range(68)) + "\n1,1,1" + ",1,2" * 68 + "\n")
put(T, "intensities-only", "frame,success,AU01_r\n1,1,1\n")
put(T, "frame-twice", "frame,AU01_c\n1,1\n1,1\n")
put(T, "frame-backwards", "frame,AU01_c\n2,1\n1,1\n")
put(T, "frame-largest", "frame,AU01_c\n9223372036854775807,1\n")
put(T, "frame-largest-py-feat", "AU01,input,frame\n1,a.mp4,9223372036854775807\n")
put(T, "success-word", "frame,success,AU01_c\n1,yes,1\n")
put(T, "py-feat", "AU01,AU12,input,frame,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight\n0.7,0.2,film.mp4,0,1,1,2,2\n,,film.mp4,1,,,,\n")
put(T, "py-feat-images", "AU01,input\n0.7,film/1.png\n1,film/9.png\n0.5,./film/2.png\n")
put(T, "py-feat-probability", "AU01,input,frame\n1.5,film.mp4,0\n")
put(T, "py-feat-some-box", "AU01,input,frame,FaceRectX\n1,film.mp4,0,1\n")
put(T, "py-feat-no-frame", "AU01,input\n1,film.mp4\n")
put(T, "header-only", "frame,AU01_c\n")
put(T, "many-columns", "frame,AU01_c" + ",x" * 3000 + "\n")

D = "disfaplus"
head = "# AU\n# ----\n"
put(D, "good", head + "000.jpg     0\r\n001.jpg     2\r\n%%\n000.jpg 9\n001.jpg 5\n")
put(D, "empty", b"%%\n%%\n")
put(D, "header-only", head + "%%\n" + head)
put(D, "long-header", "a\nb\nc\n000.jpg 0\n%%\n000.jpg 0\n")
put(D, "order", "001.jpg 0\n000.jpg 0\n%%\n")
put(D, "other-images", "000.jpg 0\n%%\n001.jpg 0\n")
put(D, "intensity-6", "000.jpg 6\n%%\n000.jpg 0\n")
put(D, "intensity-huge", "000.jpg 1e300\n%%\n000.jpg 0\n")
put(D, "no-intensity", "000.jpg\n%%\n000.jpg\n")
put(D, "commas", "000.jpg, 1\n%%\n000.jpg,\t2\n")
put(D, "name-long", "0" * 300 + ".jpg 1\n%%\n")

B = "boxes"
put(B, "good", "frame,x,y,w,h\n2,1,1,9.5,9\n1,-1,0,9,9\n")
put(B, "empty", b"")
put(B, "four-columns", "1,2,3,4\n")
put(B, "no-side", "1,2,3,0,4\n")
put(B, "too-small-for-float", "1,2,3,1e-300,4\n")
put(B, "huge", "1,1e30,3,4,4\n")
put(B, "frame-twice", "1,2,3,4,4\n1,2,3,4,4\n")

U = "subjects"
put(U, "good", "# parts\n1: 1 2\n2: 3\n")
put(U, "train-test", b"\xef\xbb\xbftrain: 1,2\r\ntest:\t3\r\n")
put(U, "three", "3:3\n2:2\n1:1\n")
put(U, "mixed", "1: 1 2\ntest: 3\n")
put(U, "twice", "1: 1 2\n2: 2 3\n")
put(U, "unknown", "1: 1 2\n2: 3 4\n")
put(U, "missing", "1: 1\n2: 3\n")
put(U, "gap", "1: 1 2\n3: 3\n")
put(U, "one-part", "1: 1 2 3\n")
put(U, "huge-part", "99999999999999999999: 1\n10000: 2\n")
put(U, "nul", b"1: 1\0 2\n2: 3\n")
put(U, "no-colon", "1 2 3\n")
put(U, "empty", b"")

P = "landmarks"
put(P, "good-5", f"frame,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n1,{five}\n3,{five}\n2,{five}\n")
put(P, "good-68", "7," + ",".join(str(k % 60) for k in range(136)) + "\n")
put(P, "empty", b"")
put(P, "both", f"1,{five}\n2," + ",".join("1" for _ in range(136)) + "\n")
put(P, "frame-twice", f"1,{five}\n1,{five}\n")
put(P, "frame-negative", f"-1,{five}\n")
put(P, "frame-huge", f"1,{five}\n9223372036854775808,{five}\n")
put(P, "twelve-columns", f"1,{five},1\n")
put(P, "not-finite", "1,nan,inf,1,1,1,1,1,1,1,1\n")
put(P, "huge-values", "1,1e308,-1e308,1e39,1,1,1,1,1,1,1e-400\n")
put(P, "crlf-bom", b"\xef\xbb\xbf1," + five.encode() + b"\r\n")
put(P, "nul", b"1,\x00," + five.encode() + b"\n")

F = "faces"
put(F, "boxes", "image,x,y,w,h\na/0007.jpg,1,2,30,40\na/0007.jpg,5,2,30,40\nx.y.png,1,2,3,4\n")
put(F, "landmarks", f"frame,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n1,{five}\n0007,{five}\n")
put(F, "both", f"image,x,y,w,h,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\na/0007.jpg,1,2,3,4,{five}\n0007,,,,,{five}\n7,1,2,3,4,,,,,,,,,,\n")
put(F, "no-header", f"0007.jpg,1,2,3,4\n1,{five}\n2," + ",".join(["1"] * 136) + "\n")
put(F, "68", "frame," + ",".join(f"{'xy'[k % 2]}{k // 2}" for k in range(136)) + "\n1" + ",2" * 136 + "\n")
put(F, "empty", b"")
put(F, "header-only", "image,x,y,w,h\n")
put(F, "blank-names", "image,x,y,w,h\n,1,2,3,4\n\"\",1,2,3,4\n   ,1,2,3,4\n")
put(F, "no-numbers", "image,x,y,w,h\n1,a,b,c,d\n2,nan,inf,1,1\n3,1e40,1,1,1\n4,0x10,1,1,1\n")
put(F, "short-rows", "image,x,y,w,h\n1\n2,1\n3,1,2,3\n")
put(F, "600-columns", "1" + ",2" * 600 + "\n7" + ",2" * 599 + "\n")
put(F, "crlf-bom-quotes", b'\xef\xbb\xbf"image","x","y","w","h"\r\n"a/0007.jpg","1","2","3","4"\r\n')
put(F, "open-quote", 'image,x,y,w,h\n"1,2,3,4,5\n1,2,3,4,5\n')
put(F, "nul", b"image,x,y,w,h\n\x001,1,2,3,4\n7,\x00,1,1,1\n")
put(F, "points-and-slashes", "image,x,y,w,h\n.,1,2,3,4\n/,1,2,3,4\n.7,1,2,3,4\na/,1,2,3,4\n")
put(F, "frame-huge", "frame,x,y,w,h\n99999999999999999999999999,1,2,3,4\n00000000000000000000000001,1,2,3,4\n")

# ---- images ----


def chunk(kind, data, crc=None):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)


def png(w, h, depth, colour, raw, extra=b"", interlace=0):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlace)) + extra +
            chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def rows(w, h, bits, filters=True):
    line = (w * bits + 7) // 8
    return b"".join(bytes([y % 5 if filters else 0]) + bytes((11 * x + 7 * y) % 256 for x in range(line)) for y in range(h))


N = "png"
palette = chunk(b"PLTE", bytes(range(48)))
put(N, "rgb-8", png(6, 5, 8, 2, rows(6, 5, 24)))
put(N, "rgb-16", png(6, 5, 16, 2, rows(6, 5, 48)))
put(N, "rgba-8", png(6, 5, 8, 6, rows(6, 5, 32)))
put(N, "rgba-16", png(6, 5, 16, 6, rows(6, 5, 64)))
put(N, "grey-8", png(6, 5, 8, 0, rows(6, 5, 8)))
put(N, "grey-1", png(9, 5, 1, 0, rows(9, 5, 1)))
put(N, "grey-2", png(9, 5, 2, 0, rows(9, 5, 2)))
put(N, "grey-4", png(9, 5, 4, 0, rows(9, 5, 4)))
put(N, "grey-alpha-8", png(6, 5, 8, 4, rows(6, 5, 16)))
put(N, "palette-4", png(6, 5, 4, 3, rows(6, 5, 4, False), palette))
put(N, "palette-transparent", png(6, 5, 4, 3, rows(6, 5, 4, False), palette + chunk(b"tRNS", bytes(range(16)))))
put(N, "palette-missing", png(6, 5, 8, 3, rows(6, 5, 8)))
put(N, "transparent-colour", png(6, 5, 8, 2, rows(6, 5, 24), chunk(b"tRNS", bytes(6))))
put(N, "interlaced", png(8, 8, 8, 0, b"".join(rows(w, h, 8) for w, h in [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]), interlace=1))
put(N, "one-pixel", png(1, 1, 8, 2, rows(1, 1, 24)))
put(N, "zero-wide", png(0, 5, 8, 2, b""))
put(N, "zero-high", png(5, 0, 8, 2, b""))
put(N, "30000-x-30000", png(30000, 30000, 8, 2, b""))
put(N, "2-to-31-wide", png(0x7FFFFFFF, 1, 8, 2, b""))
put(N, "pixels-missing", png(60, 50, 8, 2, rows(6, 5, 24)))
put(N, "pixels-too-many", png(2, 2, 8, 2, rows(40, 50, 24)))
put(N, "inflates-far", png(2, 2, 8, 2, bytes(3_000_000)))
put(N, "bad-crc", png(6, 5, 8, 2, rows(6, 5, 24))[:-16] + b"\0" * 4 + png(6, 5, 8, 2, rows(6, 5, 24))[-12:])
put(N, "cut-half", png(6, 5, 8, 2, rows(6, 5, 24))[:70])
put(N, "signature-only", b"\x89PNG\r\n\x1a\n")
put(N, "chunk-huge", b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFF0) + b"IDAT")
put(N, "no-header", b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""))
put(N, "no-data", png(6, 5, 8, 2, b"")[:33] + chunk(b"IEND", b""))
put(N, "filter-9", png(3, 2, 8, 2, b"\x09" + bytes(9) + b"\x09" + bytes(9)))
put(N, "not-deflate", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"\xff" * 30) + chunk(b"IEND", b""))
put(N, "header-twice", png(2, 2, 8, 2, rows(2, 2, 24), chunk(b"IHDR", struct.pack(">IIBBBBB", 900, 900, 8, 2, 0, 0, 0))))
put(N, "empty", b"")


def bmp(w, h, bits, data, compression=0, header=40, offset=None, colours=0, palette=b"", masks=b""):
    info = struct.pack("<IiiHHIIiiII", header, w, h, 1, bits, compression, len(data), 0, 0, colours, 0)
    if header == 12:
        info = struct.pack("<IHHHH", 12, w, h, 1, bits)
    info += bytes(max(0, header - len(info))) + masks + palette
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(data), 0, 0, 14 + len(info) if offset is None else offset) + info + data


def bytes_of(size):
    return bytes(13 * k % 256 for k in range(size))


C = "bmp"
put(C, "rgb-24", bmp(5, 4, 24, bytes_of(16 * 4)))
put(C, "rgb-24-top-down", bmp(5, -4, 24, bytes_of(16 * 4)))
put(C, "rgb-32", bmp(5, 4, 32, bytes_of(20 * 4)))
put(C, "rgb-16", bmp(5, 4, 16, bytes_of(12 * 4)))
put(C, "bitfields-32", bmp(5, 4, 32, bytes_of(20 * 4), compression=3, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)))
put(C, "bitfields-odd", bmp(5, 4, 32, bytes_of(20 * 4), compression=3, masks=struct.pack("<III", 0xFFFFFFFF, 0, 0x80000001)))
put(C, "palette-8", bmp(5, 4, 8, bytes_of(8 * 4), palette=bytes_of(1024)))
put(C, "palette-4", bmp(5, 4, 4, bytes_of(4 * 4), palette=bytes_of(64)))
put(C, "palette-1", bmp(5, 4, 1, bytes_of(4 * 4), palette=bytes_of(8)))
put(C, "header-12", bmp(5, 4, 24, bytes_of(16 * 4), header=12))
put(C, "header-124", bmp(5, 4, 32, bytes_of(20 * 4), header=124))
put(C, "header-unknown", bmp(5, 4, 24, bytes_of(16 * 4), header=41))
put(C, "rle-8", bmp(5, 4, 8, b"\x05\x01\0\0" * 4 + b"\0\1", compression=1, palette=bytes_of(1024)))
put(C, "zero-wide", bmp(0, 4, 24, b""))
put(C, "negative-width", bmp(-5, 4, 24, bytes_of(64)))
put(C, "lowest-height", bmp(5, -2147483648, 24, bytes_of(64)))
put(C, "30000-x-30000", bmp(30000, 30000, 24, b""))
put(C, "bits-0", bmp(5, 4, 0, bytes_of(64)))
put(C, "bits-65535", bmp(5, 4, 65535, bytes_of(64)))
put(C, "offset-huge", bmp(5, 4, 24, bytes_of(64), offset=0xFFFFFFF0))
put(C, "offset-0", bmp(5, 4, 24, bytes_of(64), offset=0))
put(C, "palette-in-the-pixels", bmp(5, 4, 8, bytes_of(32), offset=30, palette=bytes_of(64)))
put(C, "cut", bmp(5, 4, 24, bytes_of(64))[:-1])
put(C, "header-only", b"BM" + bytes(12))

G = "jpeg"
for name in ("baseline", "progressive", "grey", "cmyk"):
    with open(os.path.join(HERE, "..", "data", "image", name + ".jpg"), "rb") as file:
        whole = file.read()
    put(G, name, whole)
    at = whole.index(b"\xff\xc2" if name == "progressive" else b"\xff\xc0")
    if name == "grey":
        put(G, "cut-half", whole[:len(whole) // 2])
        put(G, "no-end-marker", whole[:-2])
        put(G, "30000-x-30000", whole[:at + 5] + struct.pack(">HH", 30000, 30000) + whole[at + 9:])
        put(G, "zero-high", whole[:at + 5] + struct.pack(">HH", 0, 96) + whole[at + 9:])
        put(G, "larger-than-its-data", whole[:at + 5] + struct.pack(">HH", 250, 250) + whole[at + 9:])
        put(G, "two-frames", whole[:at] + whole[at:at + 13] + whole[at:])
        put(G, "no-tables", b"\xff\xd8" + whole[at:])
        put(G, "arithmetic", whole[:at + 1] + b"\xc9" + whole[at + 2:])
        put(G, "precision-12", whole[:at + 4] + b"\x0c" + whole[at + 5:])
        put(G, "sampling-0", whole[:at + 11] + b"\x00" + whole[at + 12:])
        put(G, "segment-too-long", whole[:at + 2] + b"\xff\xff" + whole[at + 4:])
put(G, "start-and-end", b"\xff\xd8\xff\xd9")
put(G, "markers-only", b"\xff\xd8" + b"\xff" * 200 + b"\xd9")

E = "exif"


def exif(order, *entries, offset=8, prefix=b"", count=None):
    """A TIFF header and a directory of (tag, type, count, value)."""
    mark = order + "HI"
    out = (b"MM" if order == ">" else b"II") + struct.pack(mark, 42, offset) + bytes(max(offset - 8, 0) if offset < 100 else 0)
    out += struct.pack(order + "H", len(entries) if count is None else count)
    for tag, kind, n, value in entries:
        out += struct.pack(order + "HHI", tag, kind, n) + (struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value))
    return prefix + out + bytes(4)


turn = (0x0112, 3, 1, 6)
put(E, "big", exif(">", (0x010F, 2, 5, 0), turn))
put(E, "little", exif("<", turn, (0x0131, 2, 5, 0)))
put(E, "prefix", exif("<", turn, prefix=b"Exif\0\0"))
put(E, "long", exif(">", (0x0112, 4, 1, 8)))
put(E, "value-9", exif(">", (0x0112, 3, 1, 9)))
put(E, "two-values", exif(">", (0x0112, 3, 2, 6)))
put(E, "no-entries", exif("<"))
put(E, "entries-65535", exif("<", turn, count=65535))
put(E, "directory-late", exif("<", turn, offset=30))
put(E, "directory-outside", exif("<", turn, offset=0xFFFFFFFF))
put(E, "directory-at-the-end", exif("<", turn, offset=8)[:8] + b"\0")
put(E, "directory-on-the-header", exif("<", turn, offset=0))
put(E, "cut", exif(">", turn)[:-6])
put(E, "empty", b"")
for name, data in (("exif-6", exif("<", turn, prefix=b"Exif\0\0")), ("exif-directory-outside", exif(">", turn, offset=0xFFFFFFF0, prefix=b"Exif\0\0"))):
    put(G, name, whole[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + whole[2:])
adobe = whole.index(b"\xff\xee")
put(G, "cmyk-without-adobe", whole[:adobe] + whole[adobe + 16:])
put(G, "ycck", whole[:adobe + 15] + b"\x02" + whole[adobe + 16:])
put(G, "cmyk-adobe-1", whole[:adobe + 15] + b"\x01" + whole[adobe + 16:])
put(N, "exif-5", png(6, 5, 8, 2, rows(6, 5, 24), chunk(b"eXIf", exif(">", (0x0112, 3, 1, 5)))))
put(N, "exif-bad-crc", png(6, 5, 8, 2, rows(6, 5, 24), chunk(b"eXIf", exif(">", turn), 1)))

# ---- torch.save: archives by Python's zipfile, pickles by its pickle and by hand ----

import io  # noqa: E402
import pickle  # noqa: E402
import zipfile  # noqa: E402


class Global:
    """Pickled as the name of something in a module, or as a call of it."""

    def __init__(self, module, name, *arguments):
        self.text, self.arguments = f"c{module}\n{name}\n".encode(), arguments


class Storage:
    def __init__(self, kind="FloatStorage", key="0", count=16):
        self.kind, self.key, self.count = kind, key, count


class Pickler(pickle._Pickler):
    def persistent_id(self, value):
        return ("storage", Global("torch", value.kind), value.key, "cpu", value.count) if isinstance(value, Storage) else None

    def save(self, value, save_persistent_id=True):
        if not isinstance(value, Global):
            return super().save(value, save_persistent_id)
        self.write(value.text)
        if value.arguments:
            super().save(value.arguments)
            self.write(pickle.REDUCE)


def pickled(value, protocol=2):
    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue()


def of(*arguments):
    return Global("torch._utils", "_rebuild_tensor_v2", *arguments)


def weight(shape=(4, 4), stride=(4, 1), offset=0, **storage):
    return of(Storage(**storage), offset, shape, stride, False, None)


I = "pickle"
put(I, "good", pickled({"conv.weight": weight(), "conv.bias": weight((4,), (1,), 12), "steps": 7}))
put(I, "protocol-4", pickled({"a": weight()}, 4))
put(I, "nested", pickled({"state_dict": {"layer": {"w": weight()}}, "list": [weight(), (weight(),)], "epoch": 3, "lr": 0.1, "n": None, "t": True}))
put(I, "strided", pickled({"a": weight((4, 4), (1, 4)), "b": weight((3,), (0,)), "c": weight((), ())}))
put(I, "types", pickled({"h": weight(kind="HalfStorage", count=32), "d": weight(kind="DoubleStorage", count=8, shape=(8,), stride=(1,)),
                         "l": weight(kind="LongStorage", count=8, shape=(8,), stride=(1,)), "b": weight(kind="BFloat16Storage", count=32)}))
put(I, "parameter", pickled({"a": Global("torch._utils", "_rebuild_parameter", weight(), True, None)}))
put(I, "shape-overflow", pickled({"a": weight((1 << 40, 1 << 40), (1, 1))}))
put(I, "shape-of-one-element", pickled({"a": weight((1 << 40,), (0,))}))
put(I, "stride-outside", pickled({"a": weight((4, 4), (100, 1))}))
put(I, "stride-overflow", pickled({"a": weight((3,), ((1 << 62),))}))
put(I, "offset-outside", pickled({"a": weight(offset=1000)}))
put(I, "offset-negative", pickled({"a": weight(offset=-1)}))
put(I, "nine-dimensions", pickled({"a": weight((1,) * 9, (1,) * 9)}))
put(I, "storage-too-long", pickled({"a": weight(count=1 << 40)}))
put(I, "storage-missing", pickled({"a": weight(key="1")}))
put(I, "storage-path", pickled({"a": weight(key="../../etc/passwd")}))
put(I, "name-twice", pickled({"a": {"b": weight()}, "a.b": weight()}))
put(I, "system", pickled({"a": Global("os", "system", "true")}))
put(I, "eval", pickled({"a": Global("builtins", "eval", "1")}))
put(I, "holds-itself", b"\x80\x02}q\x00X\x01\0\0\0ah\x00s.")
put(I, "many-of-few", b"\x80\x02}q\0" + b"".join(b"]q" + bytes([k]) + (b"(" + b"h" + bytes([k - 1]) + b"h" + bytes([k - 1]) + b"e" if k > 1 else b"")
                                                for k in range(1, 40)) + b"0" + b"." )
put(I, "deep", b"\x80\x02}X\x01\0\0\0a" + b"]" * 500 + b"a" * 499 + b"s.")
put(I, "long-integer", b"\x80\x02\x8a\xff" + b"\xff" * 255 + b".")
put(I, "text-too-long", b"\x80\x02X\xff\xff\xff\x7fabc.")
put(I, "memo-huge", b"\x80\x02}r\xff\xff\xff\xff.")
put(I, "no-stop", b"\x80\x02}")
put(I, "stop-only", b".")
put(I, "empty-stack", b"\x80\x02sss.")
put(I, "protocol-0", pickle.dumps({"a": 1}, 0))

Z = "torch"


def zipped(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


members = [("a/data.pkl", pickled({"w": weight()})), ("a/byteorder", b"little"), ("a/data/0", bytes(64))]
whole = zipped(members)
put(Z, "good", whole)
put(Z, "deflated", zipped(members, zipfile.ZIP_DEFLATED))
put(Z, "big-endian", zipped([members[0], ("a/byteorder", b"big"), members[2]]))
put(Z, "two-pickles", zipped(members + [("b/data.pkl", b".")]))
put(Z, "no-pickle", zipped(members[1:]))
put(Z, "empty", zipped([]))
put(Z, "cut", whole[:-1])
put(Z, "cut-half", whole[:len(whole) // 2])
put(Z, "comment", whole[:-2] + b"\5\0hello")
put(Z, "byte-behind", whole + b"x")
put(Z, "bad-crc", whole.replace(bytes(64), bytes(63) + b"\1"))
put(Z, "inflates-far", zipped([members[0], ("a/data/0", bytes(3_000_000))], zipfile.ZIP_DEFLATED))
end = len(whole) - 22
put(Z, "directory-outside", whole[:end + 16] + b"\xf0\xff\xff\xff" + whole[end + 20:])
put(Z, "directory-huge", whole[:end + 12] + b"\xf0\xff\xff\xff" + whole[end + 16:])
put(Z, "many-members", whole[:end + 8] + b"\xff\xff\xff\xff" + whole[end + 12:])
entry = whole.index(b"PK\1\2")
put(Z, "encrypted", whole[:entry + 8] + b"\1" + whole[entry + 9:])
put(Z, "method-99", whole[:entry + 10] + b"\x63" + whole[entry + 11:])
put(Z, "size-full", whole[:entry + 20] + b"\xff" * 8 + whole[entry + 28:])
put(Z, "local-outside", whole[:entry + 42] + b"\xff\xff\xff\x7f" + whole[entry + 46:])

# ---- files of the library ----

import numpy as np  # noqa: E402

import clile  # noqa: E402
from clile import _api  # noqa: E402
from clile._library import lib  # noqa: E402

N_IMAGES, SIZE, AUS = 8, 32, [1, 12]
pixels = (37 * np.arange(N_IMAGES * SIZE * SIZE * 3, dtype=np.int64) % 251).astype(np.uint8).reshape(N_IMAGES, SIZE, SIZE, 3)
labels = np.array([[(i + a) % 3 == 0 for a in range(2)] for i in range(N_IMAGES)], np.int8)
tiny = dict(backbone="resnet10", stem="imagenet", width=0.0625, embedding=4, image_size=SIZE, batch=4, epochs=1, epochs_stage1=1, threads=1)
scratch = tempfile.mkdtemp()
path = os.path.join(scratch, "file.safetensors")


def split(name=path):
    """Header as a dict without the CRC, and the data."""
    with open(name, "rb") as file:
        whole = file.read()
    length = struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8:8 + length])
    header["__metadata__"].pop("clile_crc32")
    return header, whole[8 + length:]


def meta(header, whole=False, **values):
    """The header with other metadata. A header that is refused before any tensor is read needs none: they are left out unless `whole`."""
    changed = json.loads(json.dumps(header if whole else {"__metadata__": header["__metadata__"]}))
    for key, value in values.items():
        if value is None:
            changed["__metadata__"].pop(key)
        else:
            changed["__metadata__"][key] = value
    return st(changed)


def tiny_data():
    return clile.Dataset.from_arrays(pixels, labels, np.arange(N_IMAGES) % 4, AUS)


K = "model"
model = clile.Model(AUS, null_anchor=0, **{key: tiny[key] for key in ("backbone", "stem", "width", "embedding", "image_size")})
model.save(path)
untrained, _ = split()
model.set_decision([2.0, 3.0], [0.25, -0.5])
model.set_metadata("protocol", "bp4d")
model.save(path)
header, data = split()
put(K, "trained", st(header))
put(K, "untrained", st(untrained))
for name, values in {
        "version-2": dict(format_version="2"), "version-0": dict(format_version="0"), "format-other": dict(format="clile-pack"),
        "no-width": dict(width=None), "width-5": dict(width="5"), "width-4": dict(width="4"), "width-nan": dict(width="nan"),
        "embedding-65536": dict(embedding="65536"), "embedding-huge": dict(embedding="99999999999"),
        "backbone-resnet50-width-4": dict(backbone="resnet50", width="4"), "image-size-0": dict(image_size="0"),
        "image-size-512": dict(image_size="512"), "aus-twice": dict(au_ids="1,1"), "aus-three": dict(au_ids="1,12,15"),
        "aus-65": dict(au_ids=",".join(map(str, range(1, 66)))), "aus-empty": dict(au_ids=""), "aus-real": dict(au_ids="1.5,2"),
        "slope-tiny": dict(decision_slope="1e-300,1"), "offset-nan": dict(decision_offset="nan,0"),
        "offset-huge": dict(decision_offset="1e38,-1e38"), "similarity-other": dict(similarity="euclid"), "null-anchor-1": dict(null_anchor="1")}.items():
    late = name.split("-")[0] in ("slope", "offset") or name in ("image-size-512", "null-anchor-1")
    put(K, name, meta(header, whole=late, **values))
wrong = json.loads(json.dumps(header))
wrong["encoder.conv1.weight"]["shape"] = [8, 147]
put(K, "conv-of-two-dimensions", st(wrong))
wrong = json.loads(json.dumps(header))
wrong["encoder.fc.bias"]["dtype"] = "I32"
put(K, "bias-of-integers", st(wrong))
wrong = json.loads(json.dumps(header))
wrong["surplus"] = {"dtype": "F32", "shape": [0], "data_offsets": [len(data), len(data)]}
put(K, "surplus-tensor", st(wrong))
put(K, "cut-in-data", st(header, data[:1000]))

H = "checkpoint"
for method, states in (("bce", (0, 1)), ("cl-ile", (0,))):
    for steps in states:
        net = clile.Model(AUS, method=method, **{key: tiny[key] for key in ("backbone", "stem", "width", "embedding", "image_size")})
        trainer = clile.Trainer(net, tiny_data(), method=method, **tiny)
        if steps:
            try:
                trainer.run(2, lambda progress: True)
            except clile.Cancelled:
                pass
        trainer.save(path)
        header, data = split()
        name = f"{method}-{'running' if steps else 'fresh'}"
        put(H, name, st(header))
        if method != "bce":
            continue
        if steps:
            for change in (dict(step="999999"), dict(stage="1"), dict(stage="2", stage1_done="1"), dict(running="0")):
                put(H, "running-" + "-".join(f"{k}-{v}" for k, v in change.items()), meta(header, **change))
            continue
        text = header["__metadata__"]["options"]
        for change in (dict(format_version="2"), dict(stage="3"), dict(stage="-1"), dict(step=None), dict(images="9"), dict(data_crc32="1"),
                       dict(options=None)):
            put(H, "-".join(f"{k}-{v}" for k, v in change.items()), meta(header, **change))
        for before, after in (("batch=4", "batch=65536"), ("batch=4", "batch=1"), ("epochs=1\n", "epochs=1000000\n"), ("validation=0", "validation=0.9"),
                              ("width=0.0625", "width=4"), ("method=bce", "method=cl-ile"), ("threads=1", "threads=1025"), ("ema=0", "ema=0.5")):
            assert before in text
            put(H, "option-" + after.strip().replace("=", "-"), meta(header, options=text.replace(before, after)))

Q = "pack"


def pack(n=3, c=2, names="a/1.png\nb/2.png\nc/3.png", subjects="p\nq", subject=(0, 1, 0), frames=(1, 2, 3), codes=(1, 0, 0, 1, -1, 1), size=1,
         block=2, blocks=None, tables=None, drop=(), images=None, **values):
    """A pack of crops of 1 x 1 pixels, CRCs and all."""
    aus = values.get("au_ids", "1,12")
    side = size + 2 * ((size + 8) // 16)
    images = bytes(11 * k % 256 for k in range(n * side * side * 3)) if images is None else images
    frame, who, code = struct.pack(f"<{len(frames)}q", *frames), struct.pack(f"<{len(subject)}i", *subject), struct.pack(f"<{len(codes)}b", *codes)
    each = block * side * side * 3
    if blocks is None:
        blocks = [zlib.crc32(images[at:at + each]) for at in range(0, len(images), each)]
    crc = struct.pack(f"<{len(blocks)}q", *blocks)
    parts, shapes = [], {}
    for name, dtype, shape, values_of in (("frame", "I64", [n], frame), ("crc32", "I64", [len(blocks)], crc), ("subject", "I32", [n], who),
                                          ("labels", "I8", [n, c], code), ("images", "U8", [n, side, side, 3], images)):
        if name in drop:
            continue
        at = sum(map(len, parts))
        parts.append(values_of)
        shapes[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(values_of)]}
    about = {"format": "clile-pack", "format_version": "1", "image_size": str(size), "block_images": str(block), "au_ids": aus,
             "subjects": subjects, "image_names": names, "label_rows": str(n), "labels_without_image": "0", "images_without_labels": "0",
             "images_without_landmarks": str(n)}
    about["tables_crc32"] = "%08x" % zlib.crc32(aus.encode() + subjects.encode() + names.encode() + frame + who + code) if tables is None else tables
    about.update(values)
    return st({"__metadata__": {key: value for key, value in about.items() if value is not None}, **shapes}, b"".join(parts))


put(Q, "good", pack())
put(Q, "block-1", pack(block=1))
put(Q, "block-huge", pack(block=2147483647))
put(Q, "block-0", pack(block_images="0"))
put(Q, "version-2", pack(format_version="2"))
put(Q, "format-other", pack(format="clile-model"))
put(Q, "size-0", pack(image_size="0"))
put(Q, "size-4096", pack(image_size="4096"))
put(Q, "size-2", pack(image_size="2"))
put(Q, "tables-crc-wrong", pack(tables="00000000"))
put(Q, "block-crc-wrong", pack(blocks=[1, 2]))
put(Q, "block-crc-negative", pack(blocks=[-1, -2]))
put(Q, "block-crc-too-few", pack(blocks=[1]))
put(Q, "label-2", pack(codes=(1, 0, 2, 1, -1, 1)))
put(Q, "subject-outside", pack(subject=(0, 5, 0)))
put(Q, "subject-negative", pack(subject=(0, -1, 0)))
put(Q, "subject-name-twice", pack(subjects="p\np"))
put(Q, "subject-name-empty", pack(subjects="p\n"))
put(Q, "names-too-few", pack(names="a/1.png\nb/2.png"))
put(Q, "names-too-many", pack(names="a\nb\nc\nd"))
put(Q, "names-empty", pack(names="\n\n"))
put(Q, "no-images-at-all", pack(n=0, names="", subject=(), frames=(), codes=()))
put(Q, "no-labels", pack(drop=("labels",)))
put(Q, "no-crc", pack(drop=("crc32",)))
put(Q, "no-subjects", pack(subjects="p\nq", label_rows=None))
put(Q, "aus-twice", pack(au_ids="1,1"))
put(Q, "aus-three", pack(au_ids="1,12,15"))
put(Q, "counts-huge", pack(label_rows="99999999999999999999"))
put(Q, "counts-negative", pack(label_rows="-1"))
put(Q, "cut", pack()[:-1])
one, options = clile.Dataset.from_arrays(pixels[:1], labels[:1], np.array([0]), AUS), clile.Options(image_size=SIZE)
lib.clile_dataset_pack(one._c, os.fsencode(path), options._c, _api.clile_count_fn(), None)
with open(path, "rb") as file:
    put(Q, "written-by-libclile", file.read())
# ---- saved evaluations ----

head = "model,seed,protocol,fold,subject,image,AU01_s,AU01_p,AU01_c,AU01_y,AU12_s,AU12_p,AU12_c,AU12_y\n"
rows = "m,1,bp4d,1,anna,a.png,-1.5,0.25,0,1,2,0.75,1,0\nm,1,bp4d,1,ben,b.png,1.5,,1,0,-3e-39,,0,-1\nn,,,2,ben,b.png,0,,0,9,1,1,1,\n"
put("evaluation", "good", head + rows)
put("evaluation", "names", head + '"\'=m",1,"a;b",1," anna ","two\nlines, ""quoted""",-1.5,0.25,0,1,2,0.75,1,0\n')
put("evaluation", "quote-open", head + 'm,1,bp4d,1,anna,"a.png,-1.5,0.25,0,1,2,0.75,1,0\n')
put("evaluation", "image-twice", head + rows + rows.splitlines()[0] + "\n")
put("evaluation", "fold-of-two-models", head + rows + "x" + rows)
put("evaluation", "few-columns", "AU1_y,AU1_c,image,AU1_s,subject,fold\n1,1,a,1,b,0\n0,1,b,1e38,b,0\n")
graded = "fold,subject,image,AU01_s,AU01_c,AU01_y,AU01_r,AU01_i,AU12_s,AU12_c,AU12_y,AU12_r,AU12_i\n"
put("evaluation", "intensities", graded + "1,anna,a,1,1,1,4.5,5,-1,0,0,0.25,-1\n1,anna,b,1,1,1,2,2,1,1,1,3,4\n2,ben,a,1,1,1,,,1,1,1,,\n")
put("evaluation", "intensities-of-some", graded + "1,anna,a,1,1,1,4.5,5,-1,0,0,0.25,-1\n1,anna,b,1,1,1,,,1,1,1,,\n")
put("evaluation", "header", head)
put("evaluation", "empty", "")

# ---- tables of other systems ----

put("predictions", "ours", "image,AU01_s,AU01_p,AU01_c,AU12_p\n0,1,0.7,1,0.2\n1,0,0.5,0,0.9\n2,-1,0.1,0,0.5\n")
put("predictions", "pyfeat", "frame,FaceScore,AU01,AU12,input\n0,0.9,0.1,0.6,a/0\n0,,,,1\n0,0.9,1,0,2\n")
put("predictions", "openface", "frame, success, AU12_r, AU12_c, AU28_c\n0, 1, 4.5, 1, 0\n1, 0, 0, 0, 0\n2, 1, 0.5, 0.00, 1\n9, 1, 1, 1, 1\n")
put("predictions", "libreface", "path,frame_idx,au_1,au_12_intensity\n0,0,1,4.5\n1,1,0,0.5\n2,2,0,nan\n")
put("predictions", "twice", "image,AU01\n0,0.5\n0,0.5\n")
put("predictions", "missing", "image,AU01\n0,0.5\n")
put("predictions", "header", "image,AU01\n")
put("predictions", "empty", "")
put("predictions", "no-image", "AU01\n0.5\n")
put("predictions", "large-frame", "frame,AU01\n1e15,0.5\n-1,0.5\n")

# ---- names ----

put("escape", "formula", "=cmd|' /C calc'!A0")
put("escape", "plus", '+1-1')
put("escape", "number", '-12.5e3')
put("escape", "at", '@SUM(1)')
put("escape", "apostrophes", "'''=1")
put("escape", "tab", '\t=1')
put("escape", "return", '\r=1')
put("escape", "quotes", 'a"b""c')
put("escape", "break", 'a\n=1')
put("escape", "markup", '<script>&amp;"\'</script>')
put("escape", "tex", '\\input{/etc/x}%$#_^~&')
put("escape", "table", '|a|`b`[c](d)')
put("escape", "empty", '')
put("escape", "latin", b'-\xe9\xff\x01,')

print(count, "files")
