/* Burin's C API: load an ONNX network, engrave it for the shapes at hand, run it.
 *
 * Every function that can fail returns a burin_status; burin_last_error() then has one line with
 * the place, the reason and the way out. Handles are opaque and freed by their own function;
 * freeing NULL does nothing. A model may be used from several threads at once; a program runs one
 * call at a time. Tensors are dense, row-major, in the caller's memory, of any alignment.
 *
 *   burin_model* model;  burin_program* program;
 *   burin_load("net.onnx", NULL, &model);
 *   burin_compile(model, NULL, 0, NULL, &program);
 *   burin_run(program, inputs, outputs);
 */
#ifndef BURIN_H
#define BURIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum burin_status {
  BURIN_OK = 0,
  BURIN_ERROR = 1,           /* the model, the file or the input is at fault */
  BURIN_INVALID_ARGUMENT = 2 /* the call itself is: a null pointer, an index out of range */
} burin_status;

typedef enum burin_dtype {
  BURIN_F32,
  BURIN_F64,
  BURIN_F16,
  BURIN_BF16,
  BURIN_I8,
  BURIN_I16,
  BURIN_I32,
  BURIN_I64,
  BURIN_U8,
  BURIN_U16,
  BURIN_U32,
  BURIN_U64,
  BURIN_BOOL /* one byte, 0 or 1 */
} burin_dtype;

#define BURIN_MAX_RANK 16

typedef struct burin_model burin_model;
typedef struct burin_program burin_program;

/* Zero means the default everywhere. */
typedef struct burin_options {
  int32_t threads;    /* default: the processors that affinity and cgroup allow */
  const char* target; /* "native" (default), "avx512", "avx2" */
  int64_t max_memory; /* bytes for weights and activations; default: no limit */
  int32_t exact;      /* not 0: no algorithm that trades precision for speed (Winograd) */
} burin_options;

/* The type of an input or output. Of a model, dims may be -1 (bound when compiled); of a program
 * they are known. The name lives as long as the handle. */
typedef struct burin_port {
  const char* name;
  burin_dtype dtype;
  int32_t rank; /* -1: not even the rank is known */
  int64_t dims[BURIN_MAX_RANK];
} burin_port;

/* An input to compile for. `name` says which; `dims` bind its shape. `data` may be NULL; it is
 * read only where a shape depends on the value (the `shape` of a Reshape fed at run time), and the
 * program is then right for that value only. */
typedef struct burin_input {
  const char* name;
  burin_dtype dtype;
  int32_t rank;
  int64_t dims[BURIN_MAX_RANK];
  const void* data;
} burin_input;

/* One line about the last failure on this thread; "" if there was none. */
const char* burin_last_error(void);

/* "0.1.0" */
const char* burin_version(void);

/* Bytes of one element; 0 for a value outside the enum. */
size_t burin_dtype_size(burin_dtype dtype);

/* Maps and parses a file. `options` may be NULL. */
burin_status burin_load(const char* path, const burin_options* options, burin_model** model);
void burin_model_free(burin_model* model);
size_t burin_model_input_count(const burin_model* model);
size_t burin_model_output_count(const burin_model* model);
burin_status burin_model_input(const burin_model* model, size_t index, burin_port* port);
burin_status burin_model_output(const burin_model* model, size_t index, burin_port* port);

/* Engraves the model for the given inputs. Inputs that are not named here keep the model's shape,
 * with 1 for each dimension that it leaves open. Programs are cached per specialisation. Kernels
 * that `burin tune` measured on this machine are chosen as it found, unless the environment has
 * BURIN_TUNE_CACHE=off. */
burin_status burin_compile(burin_model* model, const burin_input* inputs, size_t input_count,
                           const burin_options* options, burin_program** program);
void burin_program_free(burin_program* program);
size_t burin_program_input_count(const burin_program* program);
size_t burin_program_output_count(const burin_program* program);
burin_status burin_program_input(const burin_program* program, size_t index, burin_port* port);
burin_status burin_program_output(const burin_program* program, size_t index, burin_port* port);
/* Bytes of activations, of weights, and of machine code. */
int64_t burin_program_arena_bytes(const burin_program* program);
int64_t burin_program_weight_bytes(const burin_program* program);
int64_t burin_program_code_bytes(const burin_program* program);

/* inputs[i] and outputs[i] point at tensors of the program's port types, which must not overlap. */
burin_status burin_run(burin_program* program, const void* const* inputs, void* const* outputs);

#ifdef __cplusplus
}
#endif

#endif /* BURIN_H */
